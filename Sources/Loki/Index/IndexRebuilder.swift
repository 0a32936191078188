internal import Archiving
internal import BackupRepository
internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// Builds the TSDB index of a Loki from its chunks alone: a chunk names its tenant, its labels and its times.
///
/// Writes one file for each tenant and day, as Loki's compactor does. All calls block.
struct IndexRebuilder {
    /// The chunks' folder.
    let chunks: String
    let periods: IndexPeriods
    /// A folder on the same file system as `chunks`, for the new index before it is complete, and for the old one.
    let workplace: String
    /// Milliseconds since 1970.
    let now: Int

    private static let staging = "dr-new-index"
    /// Loki closes chunks at about 2 MB.
    private static let largestChunk = 256 << 20

    func run() throws -> IndexRebuild {
        var rebuild = IndexRebuild()
        let entries = try IndexEntries()
        try collect(into: entries, &rebuild)
        rebuild.series = try entries.seriesCount()
        let staging = "\(workplace)/\(Self.staging)"
        try? FileManager.default.removeItem(atPath: staging)
        defer { try? FileManager.default.removeItem(atPath: staging) }
        var written: Set<String> = []
        for table in try entries.tables() {
            try Task.checkCancellation()
            guard let period = periods.period(ofDay: table.day) else {
                rebuild.damage.append(
                    Damage(
                        path: "\(LokiLayout.chunks)/\(table.tenant)",
                        reason: "chunks of \(Self.date(table.day)) are before the first period of schema_config"))
                continue
            }
            let folder = try Self.folder(of: period)
            let file = try TSDBWriter.write(
                table, of: entries, version: TSDBFormat.version(ofSchema: period.schema))
            let name = "\(period.prefix)\(table.day)"
            try write(file, to: "\(staging)/\(folder)\(name)/\(table.tenant)")
            written.insert(folder)
            rebuild.files += 1
        }
        rebuild.damage.sort { $0.path < $1.path }
        rebuild.previous = try swap(staging, folders: written.union(try oldFolders()))
        return rebuild
    }

    private static func date(_ day: Int) -> String {
        String(RFC3339.text(seconds: day * (IndexedChunk.day / 1000)).prefix(10))
    }

    // MARK: Chunks

    private func collect(into entries: IndexEntries, _ rebuild: inout IndexRebuild) throws {
        let files = TreeFiles(chunks)
        while let batch = files.next() {
            for file in batch {
                try Task.checkCancellation()
                let path = "\(LokiLayout.chunks)/\(file)"
                switch LokiPath(path) {
                case .chunk(let name):
                    let entry: Entry
                    do throws(ChunkDefect) {
                        entry = try Self.entry(of: name, at: "\(chunks)/\(file)")
                    } catch {
                        rebuild.damage.append(Damage(path: path, reason: "chunk: \(error.detail)"))
                        continue
                    }
                    try entries.add(
                        entry.chunk, tenant: name.tenant, fingerprint: name.fingerprint, labels: entry.labels,
                        days: entry.days)
                    rebuild.chunks += 1
                case .misnamedChunk:
                    rebuild.damage.append(Damage(path: path, reason: "chunk: its name is not a valid chunk name"))
                default: break
                }
            }
        }
        rebuild.damage += files.unreadable.map { folder in
            Damage(path: "\(LokiLayout.chunks)/\(folder.path)", reason: folder.reason)
        }
    }

    private struct Entry {
        var chunk: IndexedChunk
        var labels: [IndexedLabel]
        var days: ClosedRange<Int>
    }

    private static func entry(of name: ChunkName, at path: String) throws(ChunkDefect) -> Entry {
        guard isTenant(name.tenant) else { throw ChunkDefect("'\(name.tenant)' is not a valid tenant") }
        guard let days = IndexedChunk.days(from: name.from, through: name.through) else {
            throw ChunkDefect("its times are more than \(IndexedChunk.longestInDays) days apart")
        }
        guard let file = ReadableFile(path), file.size <= largestChunk, let bytes = file.read(at: 0, file.size) else {
            throw ChunkDefect("it cannot be read")
        }
        let checksum = CRC32C.checksum(bytes.span.bytes)
        guard checksum == name.checksum else {
            let (found, expected) = (String(checksum, radix: 16), String(name.checksum, radix: 16))
            throw ChunkDefect("CRC is \(found), its name gives \(expected)")
        }
        return try content(of: bytes, name, days: days)
    }

    private static func content(
        of bytes: [UInt8], _ name: ChunkName, days: ClosedRange<Int>
    ) throws(ChunkDefect) -> Entry {
        let result = bytes.withUnsafeBytes { file in
            Result { () throws(ChunkDefect) in try content(of: file, name, days: days) }
        }
        return try result.get()
    }

    private static func content(
        of file: UnsafeRawBufferPointer, _ name: ChunkName, days: ClosedRange<Int>
    ) throws(ChunkDefect) -> Entry {
        guard let size = try ChunkContent.check(file, as: name) else {
            throw ChunkDefect("it is not a log chunk of a known version")
        }
        let labels = try ChunkContent.labels(file)
        let chunk = IndexedChunk(
            from: name.from, through: name.through, checksum: name.checksum,
            kilobytes: UInt32(clamping: size.plainBytes.addingClamped(512) / 1024),
            entries: UInt32(clamping: size.entries), ingestedAt: labels.ingestedAt)
        return Entry(chunk: chunk, labels: labels.labels, days: days)
    }

    /// The tenant is the name of a folder in the index.
    private static func isTenant(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
    }

    // MARK: Files

    /// The folder of a period's tables below the chunks' folder, with a slash at its end.
    private static func folder(of period: LokiSettings.Period) throws -> String {
        let parts = period.pathPrefix.split(separator: "/") + [Substring("\(period.prefix)0")]
        guard parts.count > 1, !period.prefix.contains("/"), !parts.contains(where: { $0 == "." || $0 == ".." }) else {
            throw ComponentError(
                .misconfigured, operation: "index of the period from \(period.from)",
                "'\(period.pathPrefix)\(period.prefix)' is not a valid prefix of its tables")
        }
        return parts.dropLast().map { "\($0)/" }.joined()
    }

    private func write(_ file: TSDBWriter.Written, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (from, through) = (file.times.lowerBound, file.times.upperBound)
        let checksum = String(file.checksum, radix: 16)
        let name = "\(now)000000-compactor-\(from)-\(through)-\(checksum).tsdb.gz"
        let descriptor = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        var encoder = GzipEncoder()
        try file.content.forEachPiece { piece in
            var member: [UInt8] = []
            encoder.encode(piece.span.bytes, into: &member)
            _ = try member.withUnsafeBytes { try FileDescriptor(rawValue: descriptor).writeAll($0) }
        }
        guard fsync(descriptor) == 0 else { throw Errno.last }
    }

    /// Folders of tables that exist, of the periods or by the usual name.
    private func oldFolders() throws -> Set<String> {
        var folders: Set<String> = ["index/"]
        for period in periods.all { folders.insert(try Self.folder(of: period)) }
        return folders.filter { access("\(chunks)/\($0)", F_OK) == 0 }
    }

    /// Moves the old tables beside the data, and then the new ones to their place. An interruption in between leaves an
    /// incomplete index, and the command can be repeated.
    /// - Returns: the folder of the old tables; nil if there were none.
    private func swap(_ staging: String, folders: Set<String>) throws -> String? {
        let files = FileManager.default
        let aside = "\(workplace)/dr-old-index-\(RFC3339.text(seconds: now / 1000).filter { $0.isNumber })"
        var hasOld = false
        for folder in folders.sorted() {
            let place = "\(chunks)/\(folder)"
            for entry in (try? FolderEntries.read(place)) ?? [] where entry.name != "delete_requests" {
                guard IndexName.day(of: entry.name) != nil else { continue }
                try files.createDirectory(atPath: "\(aside)/\(folder)", withIntermediateDirectories: true)
                try move("\(place)\(entry.name)", to: "\(aside)/\(folder)\(entry.name)")
                hasOld = true
            }
        }
        for folder in folders.sorted() {
            for entry in (try? FolderEntries.read("\(staging)/\(folder)")) ?? [] where entry.isFolder {
                let place = "\(chunks)/\(folder)"
                try files.createDirectory(atPath: place, withIntermediateDirectories: true)
                try move("\(staging)/\(folder)\(entry.name)", to: "\(place)\(entry.name)")
            }
            giveToOwner(folder)
        }
        return hasOld ? aside : nil
    }

    private func move(_ old: String, to new: String) throws {
        guard rename(old, new) == 0 else {
            throw ComponentError(
                .other, operation: "index of '\(chunks)'", "cannot move '\(old)' to '\(new)': \(Errno.last)")
        }
    }

    /// Loki replaces index files when it compacts them: they belong to the owner of its chunks.
    private func giveToOwner(_ folder: String) {
        var status = stat()
        guard geteuid() == 0, lstat(chunks, &status) == 0, status.st_uid != 0 || status.st_gid != 0 else { return }
        var path = chunks
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            _ = lchown(path, status.st_uid, status.st_gid)
        }
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        for name in names { _ = lchown("\(path)/\(name)", status.st_uid, status.st_gid) }
    }
}
