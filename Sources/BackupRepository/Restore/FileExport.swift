internal import Archiving
internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Reads files of a backup for a stream, without writing to the disk: one file, or a folder as tar.
///
/// Each file is verified by its SHA-256 while it streams. Its last bytes leave only after that, so a reader that sees the
/// end of the stream has intact content. Blocks; holds about three mebibytes.
package struct FileExport: Sendable {
    private let repository: Repository
    private let manifest: Manifest
    private let catalog: Catalog

    package init(of listing: TreeListing, _ manifest: Manifest, in repository: Repository) {
        self.repository = repository
        self.manifest = manifest
        catalog = listing.catalog
    }

    /// - Throws: `RepositoryError` `.encrypted` if there is no key for a pack that holds a file below the path.
    package func requireKey(for entry: CatalogEntry) throws {
        guard entry.record.kind == .file, entry.record.size > 0 else { return }
        let index = try index(ofPack: entry.content.pack)
        guard try PackReader(index, in: repository).isSealed else { return }
        throw RepositoryError(
            .encrypted, object: index.key.text, "it is encrypted, and the console has no key",
            hint: "start `dr serve` with --recovery-key FILE")
    }

    /// Writes the content of one file to `sink`.
    /// - Throws: `RepositoryError` `.damaged` if the content is not the recorded one; the error of `sink`.
    package func file(_ entry: CatalogEntry, to sink: (RawSpan) throws -> Void) throws {
        guard entry.record.size > 0 else { return }
        try read([entry], fromPack: entry.content.pack) { event in
            if case .bytes(let bytes) = event { try bytes.withUnsafeBytes { try sink($0.bytes) } }
        }
    }

    /// Writes a folder as tar to `sink`: first directories and links, then files in the order of their packs.
    /// - Parameters:
    ///   - folder: the path of a folder, which ends in a slash; empty for the whole component.
    ///   - name: the name of the folder in the archive.
    package func tar(_ folder: [UInt8], as name: String, to sink: @escaping (RawSpan) throws -> Void) throws {
        let archive = try Archive(sink, dropping: folder.count, adding: Array("\(name)/".utf8))
        var next = folder
        while true {
            let page = try catalog.frame(below: folder, from: next, limit: 500)
            for entry in page { try archive.add(entry.record) }
            guard let last = page.last?.record.path else { break }
            next = last + [0]
        }
        for number in try catalog.packsWithContent() {
            var last: CatalogEntry?
            while true {
                try Task.checkCancellation()
                let page = try catalog.files(inPack: number, after: last, limit: 1024)
                guard !page.isEmpty else { break }
                last = page.last
                let wanted = page.filter { $0.record.path.starts(with: folder) }
                for entry in wanted where entry.record.size == 0 { try archive.add(entry.record) }
                let filled = wanted.filter { $0.record.size > 0 }
                guard !filled.isEmpty else { continue }
                try read(filled, fromPack: number) { event in
                    switch event {
                    case .begin(let record): try archive.begin(record)
                    case .bytes(let bytes): try archive.write(bytes)
                    case .end: try archive.end()
                    }
                }
            }
        }
        try archive.finish()
    }

    // MARK: Reading

    private enum Event {
        case begin(FileRecord)
        case bytes([UInt8])
        case end
    }

    /// Reads files of one pack, in the order of their members.
    private func read(
        _ entries: [CatalogEntry], fromPack number: Int, _ body: (Event) throws -> Void
    ) throws {
        let index = try index(ofPack: number)
        try repository.encryption.check(index)
        let reader = try PackReader(index, in: repository)
        // Entries with the same content need the same bytes again, so each is read separately.
        var groups: [[CatalogEntry]] = [[]]
        var begun = -1
        for entry in entries {
            if entry.content.member == begun { groups.append([]) }
            groups[groups.count - 1].append(entry)
            begun = entry.content.member
        }
        try withoutActuallyEscaping(body) { body in
            let damage = Found()
            for group in groups {
                let pieces = try group.map { try piece($0, in: index, from: reader, damage: damage, body) }
                try reader.read(pieces)
                if let reason = damage.reason { throw RepositoryError.damaged(index.key.text, reason) }
            }
        }
    }

    private func piece(
        _ entry: CatalogEntry, in index: PackIndex, from reader: PackReader, damage: Found,
        _ body: @escaping (Event) throws -> Void
    ) throws -> PackReader.Piece {
        let record = entry.record
        guard entry.content.member < index.members.count, let bytes = entry.digest, bytes.count == 32 else {
            throw RepositoryError.damaged(index.key.text, "it has no content for '\(record.name.printable)'")
        }
        let (member, digest) = (index.members[entry.content.member], Digest(bytes: bytes))
        guard let offset = member.offset, member.size == record.size, member.sha256 == digest, offset >= 0,
            offset.addingClamped(record.size) <= reader.plainSize
        else {
            throw RepositoryError.damaged(
                index.key.text, "member \(entry.content.member) is not the content of '\(record.name.printable)'")
        }
        let hash = StreamHash()
        var missing = record.size
        var held: [UInt8] = []
        return PackReader.Piece(plain: offset..<offset + record.size) { bytes in
            try Task.checkCancellation()
            if let reason = damage.reason { throw RepositoryError.damaged(index.key.text, reason) }
            if missing == record.size { try body(.begin(record)) }
            if !held.isEmpty { try body(.bytes(held)) }
            held = bytes.withUnsafeBytes { [UInt8]($0) }
            hash.update(bytes)
            missing -= bytes.byteCount
            guard missing == 0 else { return }
            guard hash.digest() == digest else {
                throw RepositoryError.damaged(
                    index.key.text, "the content of '\(record.name.printable)' does not match its SHA-256")
            }
            try body(.bytes(held))
            held = []
            try body(.end)
        } fail: { reason in
            damage.reason = damage.reason ?? reason
        }
    }

    private func index(ofPack number: Int) throws -> PackIndex {
        guard let id = try catalog.pack(number: number), let use = manifest.packs.first(where: { $0.pack == id }) else {
            throw RepositoryError.damaged(manifest.component, "its manifest does not list a pack that it needs")
        }
        return try repository.index(manifest.component, use)
    }

    /// The first damage of a reading, all on one thread.
    private final class Found { var reason: String? }

    /// The tar of a folder; its names begin with that of the folder.
    private final class Archive {
        private var tar: TarWriter?
        private let dropped: Int
        private let prefix: [UInt8]

        init(_ sink: @escaping (RawSpan) throws -> Void, dropping count: Int, adding prefix: [UInt8]) throws {
            tar = try TarWriter(sink: sink)
            (dropped, self.prefix) = (count, prefix)
        }

        func add(_ record: FileRecord) throws {
            try begin(record)
            try end()
        }

        func begin(_ record: FileRecord) throws {
            let kind: TarEntry.Kind =
                switch record.kind {
                case .file: .file(size: record.size)
                case .directory: .directory
                case .symbolicLink: .symbolicLink(target: record.target ?? [])
                }
            try tar?.begin(
                TarEntry(
                    path: prefix + record.path.dropFirst(dropped), kind: kind, mode: record.mode & 0o7777,
                    uid: record.uid, gid: record.gid, modified: record.modified.seconds))
        }

        func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try tar?.write($0.bytes) } }
        func end() throws { try tar?.endEntry() }

        func finish() throws {
            guard let tar = tar.take() else { return }
            try tar.finish()
        }
    }
}

extension FileExport {
    /// - Throws: `RepositoryError` `.encrypted` if there is no key for the first file below a folder.
    package func requireKey(below folder: [UInt8]) throws {
        for number in try catalog.packsWithContent() {
            let files = try catalog.files(inPack: number, after: nil, limit: 1024)
            guard let file = files.first(where: { $0.record.path.starts(with: folder) && $0.record.size > 0 }) else {
                continue
            }
            return try requireKey(for: file)
        }
    }
}
