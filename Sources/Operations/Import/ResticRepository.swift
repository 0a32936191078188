import BackupRepository
import Dispatch
import Documents
import FoundationEssentials
import Glibc
import Platform

/// A repository of restic, read with the program `restic`. It takes no lock and leaves no cache: the repository stays as
/// it is. All calls block.
struct ResticRepository: Sendable {
    /// The address, as restic takes it.
    let address: String
    /// A file with the password; nil for restic's environment variables.
    var passwordFile: String?
    /// The environment of dr.
    var environment: [String: String]

    init(_ address: String, passwordFile: String?, environment: [String: String]) {
        self.address = address
        self.passwordFile = passwordFile
        self.environment = environment
    }

    struct Snapshot: Sendable {
        var id: String
        var time: Timestamp
        var paths: [String]
        var host: String
    }

    /// The address without the user and the password that a URL may have.
    var location: String {
        address.replacing(#/:\/\/[^\/@]*@/#, with: "://")
    }

    func snapshots() throws -> [Snapshot] {
        let text = try output(["snapshots", "--json"], "snapshots")
        let list: JSONValue
        do { list = try JSONValue(parsing: text) } catch {
            throw ComponentError(.other, operation: "list the snapshots of '\(location)'", "its answer: \(error)")
        }
        return try (list.array ?? []).map { item in
            guard let id = item["id"]?.text, id.utf8.count == 64, id.allSatisfy(\.isHexDigit),
                let time = item["time"]?.text.flatMap({ ForeignTime.parse($0) })
            else {
                throw ComponentError(
                    .other, operation: "list the snapshots of '\(location)'", "a snapshot has no id or no time")
            }
            return Snapshot(
                id: id, time: time, paths: (item["paths"]?.array ?? []).compactMap(\.text),
                host: item["hostname"]?.text ?? "")
        }.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    }

    /// The number and size of the files below a path of a snapshot; nil if the snapshot does not have the path.
    func size(of path: String, in snapshot: Snapshot) throws -> (files: Int, bytes: Int)? {
        var (files, bytes, isThere) = (0, 0, path == "/")
        var lines = LineSplitter()
        func take(_ line: [UInt8]) {
            guard let node = try? JSONValue(parsing: line), node["struct_type"]?.text == "node" else { return }
            if node["path"]?.text == path, node["type"]?.text == "dir" { isThere = true }
            guard node["type"]?.text == "file" else { return }
            files += 1
            bytes = bytes.addingClamped(node["size"]?.integer ?? 0)
        }
        try run(["ls", "--json", snapshot.id, path], "ls") { piece in lines.add(piece, take) }
        lines.finish(take)
        return isThere ? (files, bytes) : nil
    }

    /// Returns a reader of a tar archive of the files below a path.
    func archive(of path: String, in snapshot: Snapshot) throws -> () throws -> [UInt8]? {
        let pipe = try PipeReader()
        let finished = pipe.begin { write in
            try run(["dump", "--archive", "tar", snapshot.id, path], "dump", output: write)
        }
        return {
            if let piece = try pipe.read() { return piece }
            try finished()
            return nil
        }
    }

    // MARK: The program

    private func output(_ arguments: [String], _ operation: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try run(arguments, operation) { piece in
            bytes += piece
            guard bytes.count <= 256 << 20 else {
                throw ComponentError(.other, operation: "restic \(operation)", "its answer is longer than 256 MiB")
            }
        }
        return bytes
    }

    private func run(
        _ arguments: [String], _ operation: String, output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let common = ["--repo", address, "--no-lock", "--no-cache"]
        let password = passwordFile.map { ["--password-file", $0] } ?? []
        let prefixes = ["RESTIC_", "AWS_", "B2_", "AZURE_", "GOOGLE_", "OS_", "ST_", "RCLONE_"]
        var program = Program(
            "restic", arguments + common + password,
            environment: InheritedEnvironment.selected(from: environment, prefixes: prefixes),
            timeout: .seconds(7 * 86_400))
        program.isStream = true
        let end = try program.run(output: output)
        guard end.status == 0 else {
            let reason = end.errors.split(separator: "\n").suffix(3).joined(separator: "; ")
            throw ComponentError(
                .refused, operation: "restic \(operation) of '\(location)'",
                reason.isEmpty ? "exit code \(end.status)" : reason.printable,
                hint: "dr gives restic its variables RESTIC_PASSWORD, RESTIC_PASSWORD_FILE and those of the storage; "
                    + "--password-file names a file")
        }
    }
}

/// Lines of a stream.
private struct LineSplitter {
    private var rest: [UInt8] = []

    mutating func add(_ piece: UnsafeRawBufferPointer, _ body: ([UInt8]) -> Void) {
        rest += piece
        guard let last = rest.lastIndex(of: 0x0A) else { return }
        for line in rest[..<last].split(separator: 0x0A) { body(Array(line)) }
        rest.removeSubrange(...last)
    }

    mutating func finish(_ body: ([UInt8]) -> Void) {
        if !rest.isEmpty { body(rest) }
        rest = []
    }
}

/// A pipe between a thread that produces bytes and the one that reads them.
private final class PipeReader: Sendable {
    private let near: CInt
    private let far: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ComponentError(.other, operation: "open a pipe", String(cString: strerror(errno)))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (near, far) = (ends[0], ends[1])
    }

    deinit { close(near) }

    /// Runs `produce` in a thread of its own; its error is thrown by the returned closure, once the stream has ended.
    func begin(
        _ produce: @escaping @Sendable ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) -> () throws -> Void {
        let outcome = ThreadOutcome()
        let far = far
        DetachedThread.start {
            defer { outcome.isOver.signal() }
            do {
                try produce { piece in
                    var rest = UnsafeRawBufferPointer(rebasing: piece[...])
                    while !rest.isEmpty {
                        let count = Glibc.write(far, rest.baseAddress, rest.count)
                        guard count > 0 else {
                            if count < 0, errno == EINTR { continue }
                            throw CancellationError()  // the reader has stopped
                        }
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                    }
                }
            } catch { outcome.set(error) }
            close(far)
        }
        return {
            outcome.isOver.wait()
            if let failure = outcome.failure { throw failure }
        }
    }

    /// - Returns: nil at the end.
    func read() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            try Task.checkCancellation()
            let count = buffer.withUnsafeMutableBytes { Glibc.read(near, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }
}
