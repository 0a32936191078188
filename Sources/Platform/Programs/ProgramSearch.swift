internal import Glibc

extension Program {
    /// The result of a search for a program.
    package enum Search: Equatable, Sendable {
        /// An executable file. A relative path starts in the folder that the program would run in.
        case found(String)
        /// A file of that name that this user must not execute.
        case denied(String)
        case missing
    }

    /// Searches a program as `execvpe(3)` does: in the `PATH` of the program's environment, not in that of this
    /// process. A name with a slash is a path.
    /// - Parameters:
    ///   - environment: without `PATH`, the system's own folders are searched.
    ///   - folder: the working directory of the program, where relative paths start; nil for that of this process.
    package static func search(_ name: String, environment: [String: String], in folder: String? = nil) -> Search {
        guard !name.isEmpty else { return .missing }
        guard !name.contains("/") else { return search(candidates: [name], in: folder) }
        let path = environment["PATH"] ?? standardPath
        // An empty element means the current folder.
        let folders = path.split(separator: ":", omittingEmptySubsequences: false)
        return search(candidates: folders.map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }, in: folder)
    }

    /// Returns the file that ``search(_:environment:in:)`` finds; nil if no executable file exists.
    package static func find(_ name: String, environment: [String: String], in folder: String? = nil) -> String? {
        if case .found(let path) = search(name, environment: environment, in: folder) { path } else { nil }
    }

    /// The folders that the C library searches if `PATH` is not set.
    private static let standardPath = "/bin:/usr/bin"

    private static func search(candidates: [String], in folder: String?) -> Search {
        var denied: String?
        for path in candidates {
            let place = path.hasPrefix("/") ? path : "\(folder ?? ".")/\(path)"
            var info = stat()
            guard stat(place, &info) == 0 else {
                if errno == EACCES { denied = denied ?? path }
                continue
            }
            // Skip a folder of that name, and a file that is not executable.
            if info.st_mode & S_IFMT == S_IFREG, faccessat(AT_FDCWD, place, X_OK, AT_EACCESS) == 0 {
                return .found(path)
            }
            denied = denied ?? path
        }
        return denied.map { .denied($0) } ?? .missing
    }
}
