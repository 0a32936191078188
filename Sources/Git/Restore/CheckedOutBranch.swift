internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The branch that a working directory has checked out, read from its files without running git.
struct CheckedOutBranch {
    /// As `refs/heads/main`.
    let name: String
    /// The object name of its commit.
    let commit: String

    /// - Returns: nil if the directory has no repository of the usual layout, or no branch checked out.
    init?(in directory: String) {
        let folder = "\(directory)/.git"
        guard let head = Self.text("\(folder)/HEAD"), head.hasPrefix("ref: refs/heads/") else { return nil }
        let name = String(head.dropFirst("ref: ".count).prefix { !$0.isNewline })
        guard !name.split(separator: "/").contains("..") else { return nil }
        if let text = Self.text("\(folder)/\(name)") {
            self.init(name, text)
        } else if let line = Self.text("\(folder)/packed-refs")?.split(separator: "\n")
            .first(where: { $0.hasSuffix(" \(name)") })
        {
            self.init(name, String(line))
        } else {
            return nil
        }
    }

    private init(_ name: String, _ line: String) {
        self.name = name
        commit = String(line.prefix { $0.isHexDigit })
    }

    private static let longest = 16 << 20

    /// Reads a regular file of moderate size: a FIFO of another user must not block the program.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= longest else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
