package import BackupRepository
internal import Documents
internal import Glibc
internal import Platform
internal import SystemPackage

/// A directory tree on this machine.
///
/// The tree is not frozen while dr reads it. dr reads a file again if it changes meanwhile, and names each file that
/// keeps changing.
package struct FileTreeSource: ComponentSource {
    package static let kind = "files"

    private let data: String
    private let exclusions: [String]

    /// - Parameters:
    ///   - data: absolute path of the tree's root.
    ///   - exclusions: patterns of gitignore(5), relative to the root; a matching directory is skipped with everything
    ///     below it.
    package init(data: String, exclusions: [String] = []) {
        self.data = data
        self.exclusions = exclusions
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try check()
        return FileTreeCapture(root: data, exclusions: try patterns())
    }

    package func diagnose() async -> [Diagnosis] {
        do {
            try check()
            _ = try patterns()
            return [Diagnosis(of: "directory", .ok, data)]
        } catch { return [Diagnosis(of: "directory", .failed, "\(error)")] }
    }

    private func patterns() throws -> IgnorePatterns {
        do throws(IgnorePatternError) { return try IgnorePatterns(exclusions) } catch {
            throw ComponentError(
                .misconfigured, operation: "read 'exclude'",
                "the pattern '\(error.pattern)' matches nothing: \(error.reason)",
                hint: error.hint)
        }
    }

    private func check() throws {
        var status = stat()
        guard stat(data, &status) == 0 else {
            throw ComponentError(
                .misconfigured, operation: "read the folder '\(data)'", Errno.last.description,
                hint: "check `data:` of this component in dr.yaml")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ComponentError(
                .misconfigured, operation: "read the folder '\(data)'", "it is not a directory",
                hint: "name the directory that holds it")
        }
        guard access(data, R_OK | X_OK) == 0 else {
            throw ComponentError(
                .misconfigured, operation: "read the folder '\(data)'", Errno.last.description,
                hint: "run as a user who may read it")
        }
    }
}

private struct FileTreeCapture: Capture {
    let root: String
    var directoryOfData: String? { root }
    let exclusions: IgnorePatterns
    /// A tree of files does not show the age of its data: a modification time can be set to any value.
    let watermark: Int? = nil
    var facts: [String: String] { ["root": root] }
    let warnings: [String] = []
    let isFrozen = false

    func isExcluded(_ path: [UInt8]) -> Bool {
        guard !exclusions.isEmpty else { return false }
        let isDirectory = path.last == UInt8(ascii: "/")
        return exclusions.ignores(isDirectory ? path.dropLast() : path[...], isDirectory: isDirectory)
    }

    func examine(_ changed: [String]) async throws -> [Damage] { [] }
    func release() async throws {}
}
