import FoundationEssentials
import Glibc

/// Compares two folders entry by entry, without any part of the code that backs up and restores.
enum TreeComparison {
    /// - Returns: the number of compared entries.
    /// - Throws: ``SelfTestFailure`` with the first difference.
    static func compare(_ original: String, with restored: String) throws -> Int {
        let names = try paths(original)
        let others = try paths(restored)
        if let missing = names.subtracting(others).min() {
            throw SelfTestFailure("'\(missing)' is missing in the restored data")
        }
        if let extra = others.subtracting(names).min() {
            throw SelfTestFailure("'\(extra)' is in the restored data, but not in the original data")
        }
        for name in names.sorted() {
            try compare("\(original)/\(name)", with: "\(restored)/\(name)", name)
        }
        return names.count
    }

    private static func paths(_ folder: String) throws -> Set<String> {
        do { return Set(try FileManager.default.subpathsOfDirectory(atPath: folder)) } catch {
            throw SelfTestFailure("'\(folder)' cannot be read: \(error)")
        }
    }

    private static func compare(_ original: String, with restored: String, _ name: String) throws {
        var first = stat()
        var second = stat()
        guard lstat(original, &first) == 0, lstat(restored, &second) == 0 else {
            throw SelfTestFailure("'\(name)' cannot be read")
        }
        guard first.st_mode == second.st_mode else {
            throw SelfTestFailure(
                "'\(name)' has the mode \(String(second.st_mode, radix: 8)), not \(String(first.st_mode, radix: 8))")
        }
        switch first.st_mode & S_IFMT {
        case S_IFREG:
            guard FileManager.default.contents(atPath: original) == FileManager.default.contents(atPath: restored)
            else { throw SelfTestFailure("the content of '\(name)' differs") }
            guard first.st_mtim.tv_sec == second.st_mtim.tv_sec else {
                throw SelfTestFailure("'\(name)' has another time of modification")
            }
        case S_IFLNK:
            let targets = [original, restored].map { try? FileManager.default.destinationOfSymbolicLink(atPath: $0) }
            guard targets[0] == targets[1] else { throw SelfTestFailure("the link '\(name)' has another target") }
        default: break
        }
    }
}
