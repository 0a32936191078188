internal import Archiving
internal import Cryptography
package import ObjectStorage

/// Reads contents from one pack: fetches the gzip members that hold them, decodes and verifies each, and passes on the
/// plain bytes. A member that arrives damaged is fetched again, because it may be intact in the store.
///
/// Memory: one stored and one plain gzip member, a mebibyte each.
struct PackReader {
    /// Bytes of a reader, without the transfer: buffers and the index of a usual pack.
    static let memory = 4 << 20

    let store: any ObjectStore
    let key: ObjectKey
    private let gzip: [GzipPlace]
    /// Bytes of the object. A read of a known size may take several connections.
    private let size: Int
    private let isEncrypted: Bool
    private let recoveryKey: RecoveryKey?
    private let delegate: (any EncryptionDelegate)?
    /// Called with the bytes of each fetch, for progress.
    var transferred: (Int) -> Void = { _ in }
    /// Called with the stored bytes of each gzip member once it is verified, in order.
    var opened: (RawSpan) -> Void = { _ in }

    fileprivate struct GzipPlace {
        /// The member's range in the object, and in the tar.
        var stored: Range<Int>
        var plain: Range<Int>
    }

    /// A wanted range of the tar, with its receiver.
    struct Piece {
        var plain: Range<Int>
        /// Receives the range's bytes in order.
        var receive: (RawSpan) throws -> Void
        /// Called with the reason, which does not name the pack, if some of the bytes cannot be read, or are not
        /// verified. All bytes received so far are then invalid, also if they were complete, and later ones are to be
        /// ignored.
        var fail: (String) -> Void
    }

    /// - Throws: `RepositoryError` `.damaged` if the index contradicts itself.
    init(_ index: PackIndex, in repository: Repository) throws {
        store = repository.store
        key = index.key
        size = index.object.size
        isEncrypted = index.object.envelope != nil
        recoveryKey = repository.encryption.key
        delegate = repository.encryption.delegate
        var places: [GzipPlace] = []
        var stored = 0
        var plain = 0
        for pair in index.gzip {
            guard pair.count == 2, pair[0] > 0, (0...GzipEncoder.maximumMember).contains(pair[1]),
                pair[0] <= GzipEncoder.maximumMember * 2
            else { throw RepositoryError.damaged(key.text, "its index lists a gzip member with invalid sizes") }
            places.append(GzipPlace(stored: stored..<stored + pair[0], plain: plain..<plain + pair[1]))
            stored += pair[0]
            plain += pair[1]
        }
        guard isEncrypted ? stored < index.object.size : stored == index.object.size else {
            throw RepositoryError.damaged(key.text, "the sizes in its index do not add up to the object's size")
        }
        gzip = places
    }

    /// True if it is encrypted and there is no key: its bytes can be hashed, but its contents cannot be read.
    var isSealed: Bool { isEncrypted && recoveryKey == nil && delegate == nil }

    /// Bytes of tar in the pack.
    var plainSize: Int { gzip.last?.plain.upperBound ?? 0 }

    /// Reads `pieces`, which must be in ascending order and not overlap.
    /// - Throws: the errors of a piece's `receive`; `ObjectStoreError` other than `.notFound` and `.truncated`, which
    ///   fail the pieces instead, like damage.
    func read(_ pieces: [Piece]) throws { try read(pieces, from: runs(of: pieces)) }

    /// Reads the whole pack, also the parts without a piece.
    func readAll(_ pieces: [Piece], fail: (String) -> Void) throws {
        guard !gzip.isEmpty else { return }
        try read(pieces, from: [0..<gzip.count], fail: fail)
    }

    private func read(_ pieces: [Piece], from runs: [Range<Int>], fail failed: (String) -> Void = { _ in }) throws {
        if isEncrypted { return try readEnvelope(pieces, runs, fail: failed) }
        var queue = pieces[...]
        for run in runs {
            var next = run.lowerBound
            var attempt = 1
            while next < run.upperBound {
                let begun = next
                do {
                    try fetch(next..<run.upperBound) { number, plain in
                        try deliver(plain, as: gzip[number].plain, to: &queue)
                        next = number + 1
                        attempt = 1
                    }
                    guard next == run.upperBound else { throw Unreadable(reason: "the object is too short") }
                } catch let error as Unreadable {
                    if next > begun { attempt = 1 }
                    store.discard(key)
                    if attempt < Retries.ofDamagedReads {
                        attempt += 1
                    } else {
                        let reason = "at byte \(gzip[next].stored.lowerBound): \(error.reason)"
                        failed(reason)
                        fail(gzip[next].plain, in: &queue, because: reason)
                        next += 1
                        attempt = 1
                    }
                }
            }
        }
    }

    /// Only the end of an envelope verifies its content: until then every piece is provisional, also a complete one,
    /// and a failure invalidates them all. It tries once: the caller starts again with new pieces.
    private func readEnvelope(_ pieces: [Piece], _ runs: [Range<Int>], fail failed: (String) -> Void) throws {
        guard let run = runs.first else { return }
        var queue = pieces[...]
        do {
            var next = run.lowerBound
            try fetch(run) { number, plain in
                try deliver(plain, as: gzip[number].plain, to: &queue)
                next = number + 1
            }
            guard next == run.upperBound else { throw Unreadable(reason: "the object is too short") }
        } catch let error as Unreadable {
            failed(error.reason)
            for piece in pieces { piece.fail(error.reason) }
        }
    }

    /// Damage in transfer or in the store. Only another fetch can tell them apart.
    fileprivate struct Unreadable: Error { var reason: String }

    /// Returns ranges of gzip members to fetch in one request each: it reads through gaps that are cheaper than a
    /// request.
    private func runs(of pieces: [Piece]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var place = 0
        // An envelope can only be opened from its start, so opening it twice always costs more than reading a gap.
        let worthARequest = isEncrypted ? Int.max : 256 << 10
        for piece in pieces where !piece.plain.isEmpty {
            while place < gzip.count, gzip[place].plain.upperBound <= piece.plain.lowerBound { place += 1 }
            var end = place
            while end < gzip.count, gzip[end].plain.lowerBound < piece.plain.upperBound { end += 1 }
            guard place < end else { continue }
            if let last = runs.last,
                place <= last.upperBound
                    || gzip[place].stored.lowerBound - gzip[last.upperBound].stored.lowerBound < worthARequest
            {
                runs[runs.count - 1] = last.lowerBound..<max(end, last.upperBound)
            } else {
                runs.append(place..<end)
            }
        }
        return runs
    }

    private func fetch(_ members: Range<Int>, _ body: (Int, [UInt8]) throws -> Void) throws {
        let bytes = gzip[members.lowerBound].stored.lowerBound..<gzip[members.upperBound - 1].stored.upperBound
        do {
            try withoutActuallyEscaping(body) { body in
                let splitter = MemberSplitter(members, of: gzip, opened: opened, body)
                if isEncrypted {
                    try fetchEnvelope(bytes, splitter)
                } else {
                    try store.get(key, range: bytes) { piece in
                        transferred(piece.byteCount)
                        try splitter.write(piece)
                    }
                }
            }
        } catch let error as ObjectStoreError where Self.meansDamage.contains(error.reason) {
            throw Unreadable(reason: error.detail)
        } catch var error as ObjectStoreError where error.reason == .archived {
            error.hint = "`dr thaw --set SET --wait` makes the packs of a backup set readable; `dr list` lists the sets"
            throw error
        } catch let error as CMSError where error.reason != .wrongKey {
            throw Unreadable(reason: error.detail)
        } catch let error as CMSError {
            throw RepositoryError(.encrypted, object: key.text, error.detail, hint: error.hint)
        }
    }

    /// Decrypts the whole object, because only its end verifies it, and passes on the wanted bytes of the gzip stream.
    private func fetchEnvelope(_ wanted: Range<Int>, _ splitter: MemberSplitter) throws {
        if let delegate {
            return try delegate.openPack(key, range: wanted) { piece in
                transferred(piece.byteCount)
                try splitter.write(piece)
            }
        }
        guard let recoveryKey else {
            throw RepositoryError(
                .encrypted, object: key.text, "it is encrypted",
                hint: "specify the recovery key with --recovery-key FILE")
        }
        var offset = 0
        let decryptor = CMSDecryptor(with: recoveryKey) { piece in
            let part = wanted.clamped(to: offset..<offset + piece.byteCount)
            if !part.isEmpty {
                try splitter.write(piece.extracting(part.lowerBound - offset..<part.upperBound - offset))
            }
            offset += piece.byteCount
        }
        try store.get(key, range: 0..<size) { piece in
            transferred(piece.byteCount)
            try decryptor.write(piece)
        }
        try decryptor.finish()
    }

    private static let meansDamage: [ObjectStoreError.Reason] = [.notFound, .truncated, .invalidRange]

    /// Passes to each piece its part of `plain`; pieces that end here leave the queue.
    private func deliver(_ plain: [UInt8], as window: Range<Int>, to queue: inout ArraySlice<Piece>) throws {
        while let piece = queue.first, piece.plain.lowerBound < window.upperBound {
            let part = piece.plain.clamped(to: window)
            if !part.isEmpty {
                let local = part.lowerBound - window.lowerBound..<part.upperBound - window.lowerBound
                try plain.withUnsafeBytes { try piece.receive(UnsafeRawBufferPointer(rebasing: $0[local]).bytes) }
            }
            guard piece.plain.upperBound <= window.upperBound else { return }
            queue.removeFirst()
        }
    }

    private func fail(_ window: Range<Int>, in queue: inout ArraySlice<Piece>, because reason: String) {
        while let piece = queue.first, piece.plain.lowerBound < window.upperBound {
            piece.fail(reason)
            guard piece.plain.upperBound <= window.upperBound else { return }
            queue.removeFirst()
        }
    }
}

/// Splits a gzip stream into members, decodes each and passes it on.
private final class MemberSplitter {
    private let places: [PackReader.GzipPlace]
    private let opened: (RawSpan) -> Void
    private let body: (Int, [UInt8]) throws -> Void
    private let end: Int
    private var number: Int
    private var decoder = GzipDecoder()
    private var stored: [UInt8] = []
    private var plain: [UInt8] = []

    init(
        _ members: Range<Int>, of places: [PackReader.GzipPlace], opened: @escaping (RawSpan) -> Void,
        _ body: @escaping (Int, [UInt8]) throws -> Void
    ) {
        self.places = places
        self.opened = opened
        self.body = body
        number = members.lowerBound
        end = members.upperBound
    }

    func write(_ bytes: RawSpan) throws {
        var rest = bytes
        while rest.byteCount > 0, number < end {
            let missing = places[number].stored.count - stored.count
            let part = rest.extracting(first: min(missing, rest.byteCount))
            part.withUnsafeBytes { stored.append(contentsOf: $0) }
            rest = rest.extracting(droppingFirst: part.byteCount)
            guard stored.count == places[number].stored.count else { continue }
            do {
                try stored.withUnsafeBytes { bytes in
                    try decoder.decode(bytes.bytes, count: places[number].plain.count, into: &plain)
                }
            } catch { throw PackReader.Unreadable(reason: "\(error)") }
            try body(number, plain)
            stored.withUnsafeBytes { opened($0.bytes) }
            number += 1
            stored.removeAll(keepingCapacity: true)
        }
    }
}

extension Repository {
    /// Reads and decrypts a pack, verifies it to its end, and passes on the bytes `range` of its content.
    /// - Throws: `ObjectStoreError`; `RepositoryError` `.encrypted` without the right key, `.damaged`.
    package func openPack(_ pack: ObjectKey, range: Range<Int>, _ sink: (RawSpan) throws -> Void) throws {
        guard let key = encryption.key else {
            throw RepositoryError(
                .encrypted, object: pack.text, "it is encrypted",
                hint: "specify the recovery key with --recovery-key FILE")
        }
        do {
            var offset = 0
            try withoutActuallyEscaping(sink) { sink in
                let decryptor = CMSDecryptor(with: key) { piece in
                    let (end, isTooLong) = offset.addingReportingOverflow(piece.byteCount)
                    guard !isTooLong else { return }
                    let part = range.clamped(to: offset..<end)
                    if !part.isEmpty {
                        try sink(piece.extracting(part.lowerBound - offset..<part.upperBound - offset))
                    }
                    offset = end
                }
                try store.get(pack, range: nil) { try decryptor.write($0) }
                try decryptor.finish()
            }
        } catch let error as CMSError where error.reason != .wrongKey {
            throw RepositoryError.damaged(pack.text, error.detail)
        } catch let error as CMSError {
            throw RepositoryError(.encrypted, object: pack.text, error.detail, hint: error.hint)
        }
    }
}
