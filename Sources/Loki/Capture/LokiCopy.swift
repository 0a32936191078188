internal import BackupRepository
internal import Glibc

/// Copies the small, changing parts of a Loki into a private tree, one folder after another. All calls block.
///
/// A log line moves from memory and write-ahead log into a chunk, then its reference into the active index, then into
/// the stored one. Copying in that order, and the chunks last, misses no line and copies no reference without its
/// chunk.
struct LokiCopy {
    /// The number of times that a folder is listed again while files vanish from it.
    private static let passes = 10
    /// The number of times that a file is copied again if it fails its check and may still be written.
    private static let attempts = 5
    /// The age in seconds at which a file counts as no longer written.
    private static let restful = 60
    /// The number of times in one capture that a constantly changing bolt file is copied again. After the first few
    /// attempts there are five pauses between two, so that they last longer in total than the minute after which Loki
    /// writes a snapshot.
    private static let boltAttempts = 90

    let tree: DocumentTree
    /// Waits briefly for the process that writes a file.
    let pause: @Sendable () throws -> Void
    private let progress: WorkProgress?
    private var boltAttempts = Self.boltAttempts
    private var damaged: [String: Damage] = [:]
    private(set) var warnings: [String] = []
    private(set) var files = 0

    init(tree: DocumentTree, progress: WorkProgress? = nil, pause: @escaping @Sendable () throws -> Void) {
        self.tree = tree
        self.progress = progress
        self.pause = pause
    }

    /// Files that could not be copied, or not completely.
    var damage: [Damage] { damaged.values.sorted { $0.path < $1.path } }

    struct Folder: Sendable {
        /// Absolute.
        var source: String
        /// Its path in the tree.
        var name: String
        /// Paths relative to the folder; a folder's ends in a slash.
        var isExcluded: @Sendable (String) -> Bool = { _ in false }
        /// True to list it until no new file appears: a file that vanishes from it continues under another name.
        var isCompacted = false
        /// All its files are bolt files.
        var isBolt = false
    }

    /// Copies all files of a folder. A folder that does not exist is empty.
    mutating func bring(_ folder: Folder) throws {
        var known: Set<String> = []
        for pass in 1...Self.passes {
            var (vanished, fresh) = (0, 0)
            try walk(folder, below: "", pass: pass) { path in
                guard let path else { return vanished += 1 }
                if known.insert(path).inserted { fresh += 1 }
            }
            let isComplete = !folder.isCompacted || (pass > 1 && fresh == 0)
            if vanished == 0, isComplete || known.isEmpty {
                files += known.count
                return
            }
        }
        files += known.count
        warnings.append("files kept vanishing from '\(folder.source)' while it was copied: the copy may lack some")
    }

    /// - Parameter seen: called with the path of each existing file, and with nil for each deleted one.
    private mutating func walk(_ folder: Folder, below: String, pass: Int, _ seen: (String?) -> Void) throws {
        try Task.checkCancellation()
        let entries: [FolderEntries.Entry]
        do throws(FolderEntries.Failure) {
            entries = try FolderEntries.read("\(folder.source)/\(below)")
        } catch {
            if !error.isAbsence { note(Damage(path: "\(folder.name)/\(below)".trimmingSlash, reason: error.text)) }
            return error.isAbsence && !below.isEmpty ? seen(nil) : ()
        }
        for entry in entries {
            let path = "\(below)\(entry.name)\(entry.isFolder ? "/" : "")"
            guard !folder.isExcluded(path) else { continue }
            if entry.isFolder {
                try walk(folder, below: path, pass: pass, seen)
            } else if entry.isFile {
                let isHere = try copy("\(folder.source)/\(path)", to: "\(folder.name)/\(path)", in: folder, pass: pass)
                seen(isHere ? path : nil)
            }
        }
    }

    /// - Returns: false when the file no longer exists.
    private mutating func copy(_ source: String, to path: String, in folder: Folder, pass: Int) throws -> Bool {
        switch LokiPath(path) {
        case .activeBolt: return try copyBolt(source, path)
        case _ where folder.isBolt: return try copyBolt(source, path)
        case .writeAheadLog(isSegment: true), .activeLog: return try copyLog(source, path)
        default: break
        }
        for attempt in 1...(pass == 1 ? Self.attempts : 1) {
            let inspector = LokiInspection.inspector(of: path)
            let outcome = settle(try tree.copy(from: source, to: path, inspector: inspector), path)
            guard case .rejected(let modified) = outcome else { return outcome != .vanished }
            guard attempt < Self.attempts, isFresh(modified) else { return true }
            if pass == 1 { try pause() }
        }
        return true
    }

    private enum Outcome: Equatable {
        case done, vanished
        case rejected(modified: Int)
    }

    /// Records a copy's damage, or clears it.
    private mutating func settle(_ copy: DocumentCopy, _ path: String) -> Outcome {
        damaged[path] = nil
        switch copy {
        case .unchanged, .copied: return .done
        case .vanished: return .vanished
        case .unreadable(let reason): note(Damage(path: path, reason: reason))
        case .rejected(let damage, let modified):
            damage.forEach { note($0) }
            return .rejected(modified: modified)
        }
        return .done
    }

    /// - Parameter modified: nanoseconds since 1970.
    private func isFresh(_ modified: Int) -> Bool { modified / 1_000_000_000 > time(nil) - Self.restful }

    private mutating func note(_ damage: Damage) { damaged[damage.path] = damage }

    // MARK: Bolt files

    /// Copies a bolt file until no transaction is committed during a copy. Under a constant load, Loki's own snapshot
    /// of the file is used instead, which Loki writes every minute for its queries, once it holds every transaction up
    /// to the copy of the write-ahead log.
    private mutating func copyBolt(_ source: String, _ path: String) throws -> Bool {
        var least: UInt64?
        for attempt in 1...Self.boltAttempts {
            least = least ?? BoltInspector.transaction(of: source)
            let inspector = BoltInspector(path, copiedFrom: source)
            let outcome = settle(try tree.copy(from: source, to: path, inspector: inspector), path)
            guard case .rejected(let modified) = outcome else { return outcome != .vanished }
            if let least, try copySnapshot(of: source, path, since: least) { return true }
            guard boltAttempts > 0, isFresh(modified) else { return true }
            boltAttempts -= 1
            for _ in 0..<(attempt < Self.attempts ? 1 : 5) { try pause() }
            progress?.update { $0.phase = "copying \(path), attempt \(attempt + 1)" }
        }
        return true
    }

    private mutating func copySnapshot(of source: String, _ path: String, since least: UInt64) throws -> Bool {
        let snapshot = "\(source).snapshot"
        let inspector = BoltInspector(path, copiedFrom: snapshot, since: least)
        switch try tree.copy(from: snapshot, to: path, inspector: inspector) {
        case .unchanged, .copied:
            damaged[path] = nil
            return true
        case .vanished, .unreadable, .rejected: return false
        }
    }

    // MARK: Logs

    /// Copies a segment of a log. If a record is damaged, it copies the part before it: Loki reads no further, and
    /// refuses the whole log when a segment is missing.
    private mutating func copyLog(_ source: String, _ path: String) throws -> Bool {
        for attempt in 1...2 {
            let inspector = WriteAheadLogInspector(path)
            let outcome = settle(try tree.copy(from: source, to: path, inspector: inspector), path)
            guard case .rejected(let modified) = outcome else { return outcome != .vanished }
            if attempt == 1, isFresh(modified) {
                try pause()
                continue
            }
            let found = damaged[path].map(\.reason) ?? ""
            let rest = settle(try tree.copy(from: source, to: path, limit: inspector.sound), path)
            guard rest == .done else { return rest != .vanished }
            note(
                Damage(
                    path: "\(path) from byte \(inspector.sound)",
                    reason: "\(found): Loki reads this segment only up to there, and this backup holds that part"))
            return true
        }
        return true
    }
}

extension String {
    fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
