internal import Glibc

extension Program {
    /// The result of a search for a program.
    package enum Search: Equatable, Sendable {
        /// A file that may be run. A relative path starts in the folder that the program would run in.
        case found(String)
        /// A file of that name that may not be run.
        case denied(String)
        case missing
    }

    /// Searches a program as `execvpe(3)` does: in the `PATH` of the environment that the program gets, not in that of
    /// this process. A name with a slash is a path.
    /// - Parameters:
    ///   - environment: without `PATH`, the system's own folders are searched.
    ///   - folder: the folder that the program would run in: relative paths start there. Nil for that of this process.
    package static func search(_ name: String, environment: [String: String], in folder: String? = nil) -> Search {
        guard !name.isEmpty else { return .missing }
        guard !name.contains("/") else { return search(candidates: [name], in: folder) }
        let path = environment["PATH"] ?? standardPath
        // An empty element stands for the current folder.
        let folders = path.split(separator: ":", omittingEmptySubsequences: false)
        return search(candidates: folders.map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }, in: folder)
    }

    /// The file that ``search(_:environment:in:)`` finds; nil where there is none that may be run.
    package static func find(_ name: String, environment: [String: String], in folder: String? = nil) -> String? {
        if case .found(let path) = search(name, environment: environment, in: folder) { path } else { nil }
    }

    /// The folders that the C library searches where `PATH` is not set.
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
            // A folder of that name is passed over, as a file that may not be run is.
            if info.st_mode & S_IFMT == S_IFREG, faccessat(AT_FDCWD, place, X_OK, AT_EACCESS) == 0 {
                return .found(path)
            }
            denied = denied ?? path
        }
        return denied.map { .denied($0) } ?? .missing
    }
}
