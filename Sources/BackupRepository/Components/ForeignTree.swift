internal import FoundationEssentials
internal import Glibc
internal import Platform

/// A directory of files from another tool's backup, as the capture of a component. It does not change.
package struct ForeignTree: Capture {
    package let root: String
    package var newestDatum: NewestDatum
    package var oldestDatum: Int?
    package var facts: [String: String]
    package var warnings: [String]
    package var withheld: [Withheld] = []
    /// Paths relative to the root that are not part of the component; a directory's ends in `/`.
    package var excluded: Set<[UInt8]> = []
    /// Checks the content of a file.
    package var inspecting: @Sendable (String) -> (any ContentInspector)? = { _ in nil }
    /// Checks top-level entries of the tree.
    package var examining: @Sendable ([String]) async throws -> [Damage] = { _ in [] }

    package init(
        _ root: String, newest: NewestDatum = .ofCapture, facts: [String: String] = [:], warnings: [String] = []
    ) {
        self.root = root
        newestDatum = newest
        self.facts = facts
        self.warnings = warnings
    }

    package var watermark: Int? { if case .at(let time) = newestDatum { time } else { nil } }
    package var isFrozen: Bool { true }
    package var directoryOfData: String? { nil }
    package func isExcluded(_ path: [UInt8]) -> Bool { excluded.contains(path) }
    package func inspector(of path: String) -> (any ContentInspector)? { inspecting(path) }
    package func examine(_ changed: [String]) async throws -> [Damage] { try await examining(changed) }
    package func release() async throws {}
}

extension ForeignTree {
    /// The directory below `root`, or `root` itself, that has an entry for which `matches` is true: the shallowest, and
    /// the first of one depth by name. Archives name the directory of the data in many ways.
    /// - Parameter deepest: the number of levels to search.
    package static func directory(
        below root: String, deepest: Int = 4, where matches: (_ entry: String, _ path: String) -> Bool
    ) throws -> String? {
        var level = [root]
        for _ in 0...deepest {
            var below: [String] = []
            for folder in level.sorted() {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                if names.contains(where: { matches($0, "\(folder)/\($0)") }) { return folder }
                below += names.map { "\(folder)/\($0)" }.filter { type(of: $0) == S_IFDIR }
            }
            level = below
        }
        return nil
    }

    /// Paths of the regular files below a directory, relative to it, in order. Links are not followed.
    package static func files(below root: String) throws -> [String] {
        var found: [String] = []
        var open = [""]
        while let folder = open.popLast() {
            try Task.checkCancellation()
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                switch type(of: "\(root)/\(path)") {
                case S_IFDIR: open.append(path)
                case S_IFREG: found.append(path)
                default: continue
                }
            }
        }
        return found.sorted()
    }

    /// The content of a regular file.
    /// - Returns: nil if there is no file.
    /// - Throws: ``ComponentError`` for another kind of file, or one that is longer than `limit` bytes.
    package static func content(of file: String, limit: Int) throws -> [UInt8]? {
        var status = stat()
        guard lstat(file, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit,
            let content = FileManager.default.contents(atPath: file)
        else {
            throw ComponentError(
                .damaged, operation: "read '\(file.printable)'", "it is not a file of at most \(limit) bytes")
        }
        return [UInt8](content)
    }

    private static func type(of path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }
}
