internal import Glibc

extension Program {
    /// The file that a name stands for, as it is searched when it is run; nil where there is none that may be run.
    /// - Parameter path: folders, joined by colons, as `PATH` has them.
    package static func find(_ name: String, path: String) -> String? {
        guard !name.contains("/") else { return isExecutable(name) ? name : nil }
        return path.split(separator: ":").map { "\($0)/\(name)" }.first(where: isExecutable)
    }

    private static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
