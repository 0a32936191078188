internal import Glibc
internal import Repository

/// Brings the small, changing parts of a Loki into a private tree, one folder after another. All calls block.
///
/// A log line moves from memory and write-ahead log into a chunk, then its reference into the active index, then into
/// the stored one. Whoever copies the earlier holder first and the chunks last misses no line and gets no reference
/// without its chunk.
struct LokiCopy {
    /// How often a folder is listed again while files vanish from it.
    private static let passes = 10
    /// How often a file is copied again that fails its check while it may still be being written.
    private static let attempts = 5
    /// A file that was written so long ago is not being written any more, in seconds.
    private static let restful = 60

    let tree: DocumentTree
    /// Waits a moment for whoever writes a file that is not whole yet.
    let pause: @Sendable () throws -> Void
    private var damaged: [String: Damage] = [:]
    private(set) var warnings: [String] = []
    private(set) var files = 0

    init(tree: DocumentTree, pause: @escaping @Sendable () throws -> Void) {
        self.tree = tree
        self.pause = pause
    }

    /// What could not be copied, or not whole.
    var damage: [Damage] { damaged.values.sorted { $0.path < $1.path } }

    struct Folder {
        /// Absolute.
        var source: String
        /// Where it comes in the tree.
        var name: String
        /// Paths relative to the folder; a folder's ends in a slash.
        var isExcluded: @Sendable (String) -> Bool = { _ in false }
        /// Lists it until nothing new appears: what vanishes from it lives on under another name.
        var isCompacted = false
    }

    /// Copies what is there. A folder that is not there is empty.
    mutating func bring(_ folder: Folder) throws {
        var known: Set<String> = []
        for pass in 1...Self.passes {
            var (vanished, fresh) = (0, 0)
            try walk(folder, "", pass: pass) { path in
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
        warnings.append("files went on vanishing from '\(folder.source)' while it was copied: the copy may lack some")
    }

    /// - Parameter seen: called with the path of each file that is there, nil for each that is gone.
    private mutating func walk(_ folder: Folder, _ below: String, pass: Int, _ seen: (String?) -> Void) throws {
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
                try walk(folder, path, pass: pass, seen)
            } else if entry.isFile {
                seen(try copy("\(folder.source)/\(path)", "\(folder.name)/\(path)", pass: pass) ? path : nil)
            }
        }
    }

    /// - Returns: false when the file is not there any more.
    private mutating func copy(_ source: String, _ path: String, pass: Int) throws -> Bool {
        for attempt in 1...(pass == 1 ? Self.attempts : 1) {
            switch try tree.copy(from: source, to: path, inspector: LokiInspection.inspector(of: path)) {
            case .unchanged, .copied:
                damaged[path] = nil
                return true
            case .vanished:
                damaged[path] = nil
                return false
            case .unreadable(let reason):
                note(Damage(path: path, reason: reason))
                return true
            case .rejected(let damage, let modified):
                damage.forEach { note($0) }
                guard attempt < Self.attempts, modified / 1_000_000_000 > time(nil) - Self.restful else { return true }
                if pass == 1 { try pause() }
            }
        }
        return true
    }

    private mutating func note(_ damage: Damage) { damaged[damage.path] = damage }
}

extension String {
    fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
