internal import Glibc
package import Repository

/// A directory tree as it lies on this machine: the plainest of components.
///
/// Nothing freezes it while it is read: a file that changes meanwhile is read again, and named when it will not rest.
package struct FileTreeSource: ComponentSource {
    package static let kind = "files"

    private let data: String
    private let exclusions: [String]

    /// - Parameters:
    ///   - data: absolute path of the tree's root.
    ///   - exclusions: patterns as of `fnmatch(3)`, matched against the path relative to the root and against the last
    ///     component alone; a directory that matches is left out with all below it.
    package init(data: String, exclusions: [String] = []) {
        self.data = data
        self.exclusions = exclusions
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try check()
        return FileTreeCapture(root: data, exclusions: exclusions.map { Array($0.utf8CString) })
    }

    package func diagnose() async -> [Diagnosis] {
        do {
            try check()
            return [Diagnosis("directory", .ok, data)]
        } catch { return [Diagnosis("directory", .failed, "\(error)")] }
    }

    private func check() throws {
        var status = stat()
        guard stat(data, &status) == 0 else {
            throw ComponentError(
                .misconfigured, "look at '\(data)'", String(cString: strerror(errno)),
                hint: "check `data:` of this component in dr.yaml")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ComponentError(
                .misconfigured, "look at '\(data)'", "it is not a directory", hint: "name the directory that holds it")
        }
        guard access(data, R_OK | X_OK) == 0 else {
            throw ComponentError(
                .misconfigured, "look at '\(data)'", String(cString: strerror(errno)),
                hint: "run as a user who may read it")
        }
    }
}

private struct FileTreeCapture: Capture {
    let root: String
    let exclusions: [[CChar]]
    /// A tree of files has no notion of its newest datum: a modification time can be set to anything.
    let watermark: Int? = nil
    var facts: [String: String] { ["root": root] }
    let warnings: [String] = []
    let isFrozen = false

    func isExcluded(_ path: [UInt8]) -> Bool {
        guard !exclusions.isEmpty else { return false }
        let slash = UInt8(ascii: "/")
        let trimmed = path.last == slash ? path.dropLast() : path[...]
        let last = trimmed.suffix(from: trimmed.lastIndex(of: slash).map { $0 + 1 } ?? trimmed.startIndex)
        return exclusions.contains { Self.matches($0, trimmed) || Self.matches($0, last) }
    }

    private static func matches(_ pattern: [CChar], _ path: ArraySlice<UInt8>) -> Bool {
        fnmatch(pattern, path.map { CChar(bitPattern: $0) } + [0], FNM_PATHNAME) == 0
    }

    func examine(_ changed: [String]) async throws -> [Damage] { [] }
    func release() async throws {}
}
