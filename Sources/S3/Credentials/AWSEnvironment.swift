internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// The state of the process and the machine that credentials and endpoints depend on. A value, so that tests can supply
/// their own.
package struct AWSEnvironment: Sendable {
    package var variables: [String: String]
    /// The folder that contains `.aws`.
    package var home: String
    /// Seconds since 1970.
    package var now: @Sendable () -> Int
    /// The server that containers of ECS ask for credentials by a relative path.
    package var containerHost = "http://169.254.170.2"

    package init(variables: [String: String], home: String, now: @escaping @Sendable () -> Int) {
        self.variables = variables
        self.home = home
        self.now = now
    }

    /// Returns the environment of this process.
    package static func system() -> AWSEnvironment {
        let variables = ProcessInfo.processInfo.environment
        return AWSEnvironment(variables: variables, home: variables["HOME"] ?? "/root") {
            WallClock.system.seconds
        }
    }

    /// A variable's value; nil if it is empty.
    package subscript(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }

    func expanded(_ path: String) -> String { path.hasPrefix("~/") ? home + path.dropFirst() : path }

    /// Reads the text of a small file. Bytes that are not UTF-8 become U+FFFD, and a byte order mark is dropped.
    /// - Returns: nil if the file does not exist.
    /// - Throws: ``S3DocumentError`` that names the file.
    func text(of path: String) throws(S3DocumentError) -> String? {
        let path = expanded(path)
        guard let file = fopen(path, "re") else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw S3DocumentError("cannot read '\(path)': \(Errno.last)")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            bytes += buffer[..<count]
            guard bytes.count <= Self.longestFile else {
                throw S3DocumentError("cannot read '\(path)': it is longer than \(Self.longestFile) bytes")
            }
            if count > 0 { continue }
            guard ferror(file) == 0 else {
                throw S3DocumentError("cannot read '\(path)': \(Errno.last)")
            }
            break
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return String(decoding: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
    }

    private static let longestFile = 16 << 20
}
