internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Reads the contents of the selected files of a backup, pack by pack, and verifies each by its SHA-256.
struct ContentReading: Sendable {
    let repository: Repository
    let manifest: Manifest
    /// The selected entries.
    let catalog: Catalog
    let destination: any ContentDestination
    let ledger: RestoreLedger
    let progress: WorkProgress
    /// Counts the bytes from the store if the destination counts the files itself; nil for ``progress``.
    var transfers: WorkProgress?

    /// - Parameters:
    ///   - lanes: the number of packs read at the same time.
    ///   - bytes: the memory that the destination needs for each of them.
    func run(lanes: Int, on pool: BlockingPool, destination bytes: Int = 0) async throws {
        let packs = try catalog.packsWithContent()
        try await repository.forEachPack(of: packs, lanes: lanes, on: pool, writer: bytes) { number in
            try readFiles(inPack: number)
        }
    }

    /// Reads pack after pack on this thread.
    func readAll() throws { for number in try catalog.packsWithContent() { try readFiles(inPack: number) } }

    private func readFiles(inPack number: Int) throws {
        guard let id = try catalog.pack(number: number), let use = manifest.packs.first(where: { $0.pack == id }) else {
            throw RepositoryError.damaged(manifest.component, "its manifest does not list a pack that it needs")
        }
        let index = try repository.index(manifest.component, use)
        try repository.encryption.check(index)
        var reader = try PackReader(index, in: repository)
        reader.transferred = { count in
            ledger.add(fetched: count)
            (transfers ?? progress).update { $0.transferred += count }
        }
        var last: CatalogEntry?
        while true {
            let page = try catalog.files(inPack: number, after: last, limit: 1024)
            guard !page.isEmpty else { return }
            last = page.last
            let pack = OpenPack(index: index, reader: reader)
            var failed = try read(try withoutLocal(page), from: pack)
            // A damaged transfer passes a gzip checksum once in four billion times, but never SHA-256.
            for _ in 1..<Retries.ofDamagedReads where !failed.isEmpty {
                repository.store.discard(index.key)
                failed = try read(failed.map(\.entry), from: pack)
            }
            for (entry, reason) in failed { ledger.add(Damage(path: entry.record.name, reason: reason)) }
        }
    }

    private struct OpenPack {
        let index: PackIndex
        let reader: PackReader
    }

    private typealias Failed = [(entry: CatalogEntry, reason: String)]

    /// - Returns: the entries that could not be read.
    private func read(_ page: [CatalogEntry], from pack: OpenPack) throws -> Failed {
        let (index, reader) = (pack.index, pack.reader)
        var failed: Failed = []
        var pieces: [PackReader.Piece] = []
        var begun = -1
        for entry in page {
            let (record, digest) = (entry.record, try digest(of: entry))
            if record.size == 0 {
                try destination.makeEmpty(record)
                ledger.add(restored: 0)
                continue
            }
            guard entry.content.member < index.members.count else {
                failed.append((entry, "the pack's index has no member \(entry.content.member)"))
                continue
            }
            let member = index.members[entry.content.member]
            guard let offset = member.offset, member.size == record.size, member.sha256 == digest, offset >= 0,
                offset.addingClamped(record.size) <= reader.plainSize
            else {
                failed.append((entry, "member \(entry.content.member) of pack \(index.pack) is not its content"))
                continue
            }
            let content = offset..<offset + record.size
            let piece = piece(content, of: entry, with: digest, from: index.key) { failed.append((entry, $0)) }
            if entry.content.member == begun {  // a duplicate of the previous entry: both need the same bytes
                try reader.read([piece])
            } else {
                pieces.append(piece)
            }
            begun = entry.content.member
        }
        try reader.read(pieces)
        return failed
    }

    private func digest(of entry: CatalogEntry) throws -> Digest {
        guard let bytes = entry.digest, bytes.count == 32 else {
            throw RepositoryError.damaged(
                manifest.component, "'\(entry.record.name.printable)' has no SHA-256 in its pack's index")
        }
        return Digest(bytes: bytes)
    }

    private func piece(
        _ content: Range<Int>, of entry: CatalogEntry, with digest: Digest, from pack: ObjectKey,
        failed: @escaping (String) -> Void
    ) -> PackReader.Piece {
        let file = destination.file(entry.record)
        var (missing, isVoid, isFinished) = (entry.record.size, false, false)
        return PackReader.Piece(plain: content) { bytes in
            try Task.checkCancellation()
            guard !isVoid else { return }
            try file.write(bytes)
            missing -= bytes.byteCount
            guard missing == 0 else { return }
            progress.update { $0.bytes += entry.record.size }
            if let reason = try file.finish(digest) {
                failed(reason)
            } else {
                isFinished = true
                ledger.add(restored: entry.record.size)
                progress.update { $0.files += 1 }
            }
        } fail: { reason in
            guard !isVoid else { return }
            isVoid = true
            if isFinished { ledger.retract(restored: entry.record.size) }
            // The message about the file does not name the pack.
            failed("\(pack): \(reason)")
        }
    }

    /// Uses contents that are on this machine already, because fetching takes most of a restore's time.
    /// - Returns: the entries whose content the store has to deliver.
    private func withoutLocal(_ page: [CatalogEntry]) throws -> [CatalogEntry] {
        try page.filter { entry in
            let (record, digest) = (entry.record, try digest(of: entry))
            guard record.size > 0, try destination.takeLocal(record, digest) else { return true }
            ledger.add(reused: record.size)
            progress.update {
                $0.files += 1
                $0.bytes += record.size
            }
            return false
        }
    }
}
