internal import Documents
package import Foundation
internal import Synchronization

/// The files and the memory of a single Loki with schema v13 on a file system, as far as the stand-in needs them.
///
/// Lines go to memory and the write-ahead log. A flush writes them to chunks and the active index, shipping copies the
/// active index to the stored index, and a compaction rewrites the stored index. Queries do not find a chunk without a
/// reference in an index.
package final class LokiStore: Sendable {
    /// The server's `common.path_prefix`.
    package let data: URL
    private let places: Places
    private let state: Mutex<State>

    /// The locations of a server's parts.
    package struct Places: Sendable {
        package enum Index: String, CaseIterable, Sendable {
            case tsdb
            case bolt = "boltdb-shipper"
        }

        /// Nil for the default location in the data directory.
        package var chunks, rules, wal, compactor: URL?
        package var hasLog = true
        package var index = Index.tsdb

        package init() {}
    }

    private struct State {
        var log: LokiLog?
        /// The log of references that are not shipped yet.
        var activeLog: LokiLog?
        var activeFiles: [URL: BoltFile] = [:]
        var deletions: LokiDeletions?
        /// Lines that are not in a chunk yet.
        var memory: [Stream: [LokiChunk.Line]] = [:]
        /// Paths of chunks whose references are not shipped yet.
        var active: [String] = []
        var queued = 0
        var flushed = 0
        /// A counter for unique file names.
        var serial = 1_800_000_000_000_000_000
    }

    private struct Stream: Hashable, Sendable {
        var tenant: String
        var labels: [String: String]
    }

    package var chunks: URL { places.chunks ?? data.appending(path: "chunks") }
    package var rules: URL { places.rules ?? data.appending(path: "rules") }
    package var wal: URL { places.wal ?? data.appending(path: "wal") }
    package var compactor: URL { places.compactor ?? data.appending(path: "compactor") }
    package var hasLog: Bool { places.hasLog }
    private var index: URL { chunks.appending(path: "index") }
    private var active: URL {
        switch places.index {
        case .tsdb: data.appending(path: "tsdb-shipper-active/wal/filesystem_2024-04-01/1800000000")
        case .bolt: data.appending(path: "boltdb-shipper-active")
        }
    }

    /// Opens existing files as a server does at start: reads the write-ahead log into memory and ships the active
    /// index.
    package init(data: URL, places: Places = Places()) throws {
        self.data = data
        self.places = places
        state = Mutex(State())
        for folder in [chunks, rules] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        if hasLog {
            replay()
            let log = try LokiLog(wal)
            state.withLock { $0.log = log }
        }
        let (compactor, chunks) = (compactor, chunks)
        try state.withLock { $0.deletions = try LokiDeletions(compactor: compactor, chunks: chunks) }
        try ship()
    }

    // MARK: Writing

    package func push(tenant: String, labels: [String: String], lines: [LokiChunk.Line]) throws {
        let record: JSONValue = [
            "tenant": .string(tenant), "labels": .object(labels.mapValues { .string($0) }),
            "lines": .array(
                lines.map { .array([JSONValue($0.time), .string(String(decoding: $0.text, as: UTF8.self))]) }),
        ]
        try state.withLock { try $0.log?.append(record.compact) }
        state.withLock { $0.memory[Stream(tenant: tenant, labels: labels), default: []] += lines }
    }

    private func replay() {
        for bytes in LokiLog.records(in: wal) {
            guard let record = try? JSONValue(parsing: bytes), let tenant = record["tenant"]?.text,
                let labels = record["labels"]?.object?.compactMapValues(\.text), let lines = record["lines"]?.array
            else { break }
            let parsed = lines.compactMap { line -> LokiChunk.Line? in
                guard let pair = line.array, pair.count == 2, let time = pair[0].integer, let text = pair[1].text else {
                    return nil
                }
                return LokiChunk.Line(time: time, text: Array(text.utf8))
            }
            state.withLock { $0.memory[Stream(tenant: tenant, labels: labels), default: []] += parsed }
        }
    }

    // MARK: Flush, shipping, compaction

    /// The number of chunks that wait for a flush, as in the server's metrics.
    package var queued: Int { state.withLock { $0.queued } }
    package var flushed: Int { state.withLock { $0.flushed } }

    /// Moves all lines in memory to the queue.
    /// - Returns: the chunks to write; see ``write(_:)``.
    func enqueue() -> [LokiChunk] {
        state.withLock { state in
            let pending = state.memory.filter { !$0.value.isEmpty }.map { stream, lines in
                LokiChunk(tenant: stream.tenant, labels: stream.labels, lines: lines.sorted { $0.time < $1.time })
            }
            state.memory = [:]
            state.queued += pending.count
            return pending
        }
    }

    /// Writes a chunk, and then the reference to it.
    func write(_ chunk: LokiChunk) throws {
        let file = chunk.file()
        let place = chunks.appending(path: file.path)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        // Written in place without a rename, so a reader may see a part of it.
        try Data(file.bytes).write(to: place)
        try note(file.path)
        state.withLock { state in
            state.active.append(file.path)
            state.queued -= 1
            state.flushed += 1
        }
    }

    /// Adds a reference to the active index.
    package func note(_ path: String) throws {
        try state.withLock { state in
            switch places.index {
            case .tsdb:
                let log = try state.activeLog ?? LokiLog(active)
                state.activeLog = log
                for record in LokiIndexFile.Reference(path)?.records ?? [] { try log.append(record) }
            case .bolt:
                let file = activeFile(of: path)
                let bolt = try state.activeFiles[file] ?? BoltFile(file, bucket: LokiIndexFile.bucket)
                state.activeFiles[file] = bolt
                try bolt.put([LokiIndexFile.Reference(path)?.boltKey ?? path])
            }
        }
    }

    /// Returns the bolt file with the references of a chunk's day.
    package func activeFile(of chunk: String) -> URL { active.appending(path: "index_\(Self.day(chunk))/1800000000") }

    /// Copies the active bolt files, as Loki does every minute for its queries.
    package func snapshot() throws {
        for file in state.withLock({ Array($0.activeFiles.keys) }) {
            try Data(contentsOf: file).write(to: URL(filePath: "\(file.path).snapshot"))
        }
    }

    /// Writes all lines in memory to chunks before it returns.
    package func flush() throws { for chunk in enqueue() { try write(chunk) } }

    /// Stores the active index in one file per day for all tenants.
    package func ship() throws {
        state.withLock { state in
            state.active = []
            state.activeLog = nil
            state.activeFiles = [:]
        }
        switch places.index {
        case .tsdb:
            let listed = LokiLog.records(in: active).compactMap { LokiIndexFile.Reference(record: $0) }
            var tables: [Int: [String]] = [:]
            for reference in listed {
                for day in reference.from / 86_400_000...reference.through / 86_400_000 {
                    tables[day, default: []].append(reference.path)
                }
            }
            for (day, paths) in tables {
                let serial = nextSerial()
                try write(
                    LokiIndexFile(chunks: paths, from: 0, through: 0).compressed().bytes,
                    to: "index_\(day)/\(serial / 1_000_000_000)-standin-\(serial).tsdb.gz")
            }
        case .bolt:
            for path in Self.paths(below: active) where !path.hasSuffix(".snapshot") {
                let bytes = [UInt8](try Data(contentsOf: active.appending(path: path)))
                // As in Loki, the references of a damaged file are not found.
                guard BoltFile.keys(in: bytes, bucket: LokiIndexFile.bucket) != nil else { continue }
                let table = path.prefix { $0 != "/" }
                let serial = nextSerial()
                try write(LokiIndexFile.gzip(bytes), to: "\(table)/standin-\(serial)-1800000000.gz")
            }
        }
        try? FileManager.default.removeItem(at: active)
    }

    /// Merges the stored files of a day into one file for each tenant, and deletes the merged files.
    package func compact() throws {
        for table in Self.names(in: index) where table.hasPrefix("index_") {
            let folder = index.appending(path: table)
            var old: [URL] = []
            var paths: [String: Set<String>] = [:]
            for path in Self.paths(below: folder) {
                let file = folder.appending(path: path)
                guard path.hasSuffix(".tsdb.gz") else { continue }
                let tenant = path.contains("/") ? path.split(separator: "/").first.map(String.init) : nil
                let bytes = [UInt8](try Data(contentsOf: file))
                guard let chunks = LokiIndexFile.chunks(in: bytes, tenant: tenant) else { continue }
                old.append(file)
                for chunk in chunks { paths[String(chunk.prefix { $0 != "/" }), default: []].insert(chunk) }
            }
            guard old.contains(where: { $0.deletingLastPathComponent().lastPathComponent == table }) else { continue }
            for (tenant, chunks) in paths {
                let times = chunks.compactMap(Self.times)
                let (from, through) = (times.map(\.from).min() ?? 0, times.map(\.through).max() ?? 0)
                let (bytes, checksum) = LokiIndexFile(chunks: chunks.sorted(), from: from, through: through)
                    .compressed()
                let name = "\(nextSerial())-compactor-\(from)-\(through)-\(String(checksum, radix: 16)).tsdb.gz"
                try write(bytes, to: "\(table)/\(tenant)/\(name)")
            }
            for file in old { try FileManager.default.removeItem(at: file) }
        }
    }

    // MARK: Deletion requests

    package func requestDeletion(_ request: String) throws { try state.withLock { try $0.deletions?.add(request) } }
    package var deletions: [String] { state.withLock { $0.deletions?.all() ?? [] } }
    /// Stores the deletion requests beside the index, as the compactor does every five minutes.
    package func storeDeletions() throws { try state.withLock { try $0.deletions?.store() } }

    private func nextSerial() -> Int {
        state.withLock { state in
            state.serial += 1
            return state.serial
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = index.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    // MARK: Reading

    /// Returns the chunks that a tenant's queries read. If the index is that of a real Loki, which the stand-in cannot
    /// read, these are all existing chunks.
    package func visibleChunks(tenant: String) -> [String] {
        var paths = Set(state.withLock { $0.active })
        for path in Self.paths(below: index) where path.hasSuffix(".tsdb.gz") || path.contains("index_") {
            let bytes = (try? Data(contentsOf: index.appending(path: path))).map { [UInt8]($0) } ?? []
            let parts = path.split(separator: "/")
            let owner = parts.count > 2 ? String(parts[parts.count - 2]) : nil
            guard let listed = LokiIndexFile.chunks(in: bytes, tenant: owner) else {
                return Self.paths(below: chunks.appending(path: tenant)).map { "\(tenant)/\($0)" }
            }
            paths.formUnion(listed)
        }
        return paths.filter { $0.hasPrefix("\(tenant)/") }.sorted()
    }

    /// Returns the lines by stream in the order of their times, without duplicates. Missing and damaged chunks are
    /// skipped.
    package func lines(tenant: String, where isWanted: ([String: String]) -> Bool) -> [[String: String]: [LokiChunk
        .Line]]
    {
        var found: [[String: String]: Set<LokiChunk.Line>] = [:]
        for path in visibleChunks(tenant: tenant) {
            guard let data = try? Data(contentsOf: chunks.appending(path: path)),
                let chunk = LokiChunk(.init(path: path, bytes: [UInt8](data))), isWanted(chunk.labels)
            else { continue }
            found[chunk.labels, default: []].formUnion(chunk.lines)
        }
        for (stream, lines) in state.withLock({ $0.memory }) where stream.tenant == tenant && isWanted(stream.labels) {
            found[stream.labels, default: []].formUnion(lines)
        }
        return found.mapValues { lines in
            lines.sorted { ($0.time, $0.text.count) < ($1.time, $1.text.count) }
        }
    }

    // MARK: Files

    private static func day(_ path: String) -> Int { (times(path)?.from ?? 0) / 86_400_000 }

    private static func times(_ path: String) -> (from: Int, through: Int)? {
        guard let name = path.split(separator: "/").last, let key = Data(base64Encoded: String(name)) else {
            return nil
        }
        let fields = String(decoding: key, as: UTF8.self).split(separator: ":").compactMap { Int($0, radix: 16) }
        return fields.count == 3 ? (fields[0], fields[1]) : nil
    }

    private static func names(in folder: URL) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
    }

    private static func paths(below folder: URL) -> [String] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return paths.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder.appending(path: path).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}
