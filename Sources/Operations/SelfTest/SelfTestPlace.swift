import FoundationEssentials
import Glibc
import Platform

/// The temporary folder of a self-test, with its sample data.
struct SelfTestPlace: Sendable {
    /// The absolute path.
    let path: String

    var data: String { "\(path)/data" }
    var repository: String { "\(path)/repository" }
    var restored: String { "\(path)/restored" }

    /// The bytes that the sample data, the repository and the restored data need, with a reserve.
    private static let space = 64 << 20
    /// The bytes that one step writes at most.
    private static let spaceOfStep = 16 << 20

    /// - Throws: ``SelfTestFailure`` or `FileError`; then nothing stays.
    init(in temporary: String) throws {
        try Self.checkName(of: temporary)
        try Self.checkSpace(of: temporary)
        var random = SystemRandomNumberGenerator()
        let folder = URL(filePath: temporary).standardizedFileURL.resolvingSymlinksInPath().path
        try Self.checkName(of: folder)
        path = "\(folder == "/" ? "" : folder)/dr-self-test-\(String(random.next(), radix: 36))"
        guard mkdir(path, 0o700) == 0 else {
            throw SelfTestFailure(
                "'\(path)' cannot be created: \(FileFailure.text(code: errno)); set TMPDIR to a writable folder")
        }
        do { try fill() } catch {
            try? remove()
            throw error
        }
    }

    /// Removes the folder.
    /// - Throws: ``SelfTestFailure`` if something stays.
    func remove() throws {
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw SelfTestFailure("'\(path)' cannot be removed: \(FileFailure.text(error)); remove it yourself")
        }
    }

    /// The configuration of the test names the folder in one line: a line break would change the name.
    private static func checkName(of folder: String) throws {
        let isPlain = folder.unicodeScalars.allSatisfy {
            ![.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        guard isPlain else {
            throw SelfTestFailure(
                "'\(folder.printable)' contains control characters; set TMPDIR to another folder")
        }
    }

    private static func checkSpace(of folder: String) throws {
        let free = try free(in: folder)
        guard free >= space else {
            throw SelfTestFailure(
                "'\(folder)' has \(Units.bytes(free)) free, and the test needs \(Units.bytes(space)); "
                    + "set TMPDIR to another folder")
        }
    }

    /// Returns the bytes that an ordinary user can still write to the file system of a folder.
    private static func free(in folder: String) throws -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else {
            throw SelfTestFailure("'\(folder)': \(FileFailure.text(code: errno)); set TMPDIR to a writable folder")
        }
        let (free, overflow) = UInt(status.f_bavail).multipliedReportingOverflow(by: UInt(status.f_frsize))
        return overflow ? .max : Int(clamping: free)
    }

    /// The advice for a step that failed while the disk was full; nil if there was space.
    var shortage: String? {
        guard let free = try? Self.free(in: path), free < Self.spaceOfStep else { return nil }
        return "'\(path)' has \(Units.bytes(free)) free: another program filled the disk; set TMPDIR to another folder"
    }

    /// Writes files of all sizes: empty, many small ones, one that compresses and one that does not; and a link.
    private func fill() throws {
        try Folder.create("\(data)/a folder/small", exactly: true)
        for number in 0..<40 {
            try write(Array("\(number): a line of a small file\n".utf8), "a folder/small/\(number).txt")
        }
        try write([], "empty")
        try write(Array("a name with more than ASCII\n".utf8), "a folder/Größe 日本.txt", mode: 0o600)
        try write(
            Array(
                repeatElement("2026-01-01T00:00:00Z level=info msg=\"a line that repeats\"\n", count: 40_000)
                    .joined().utf8), "compressible.log")
        var random = Xorshift(seed: 88_172_645_463_325_252)
        var noise = [UInt8](repeating: 0, count: 4 << 20)
        for index in noise.indices { noise[index] = UInt8(truncatingIfNeeded: random.next() >> 32) }
        try write(noise, "incompressible.bin", mode: 0o755)
        guard symlink("compressible.log", "\(data)/link") == 0 else { throw FileError("\(data)/link", code: errno) }
    }

    private func write(_ bytes: [UInt8], _ name: String, mode: UInt32 = 0o644) throws {
        try OutputFile.create(bytes, at: "\(data)/\(name)", mode: mode)
    }
}

/// Numbers without a pattern that gzip finds, the same in each test.
private struct Xorshift {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
