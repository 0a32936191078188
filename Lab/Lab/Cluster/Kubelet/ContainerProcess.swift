internal import CLinux
internal import Foundation
internal import Glibc

/// A running container.
final class ContainerProcess: Sendable {
    /// The first process of the container, as this machine numbers it.
    let id: pid_t
    let log: String
    let started = Date()
    private let outer: SpawnedProcess
    private let setup: ContainerSetup

    /// - Parameters:
    ///   - log: the file that receives its output.
    /// - Throws: `LabError` if the container's root cannot be built; its log says why.
    init(_ setup: ContainerSetup, log: String) throws {
        self.log = log
        self.setup = setup
        try FileManager.default.createDirectory(atPath: setup.root, withIntermediateDirectories: true)
        for file in [log, setup.terminationLog.source] {
            let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw LabError("cannot write '\(file)'") }
            fchmod(descriptor, 0o666)
            close(descriptor)
        }
        let output = open(log, O_WRONLY | O_APPEND | O_CLOEXEC)
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        var ends: [CInt] = [-1, -1]
        guard output >= 0, input >= 0, dr_pipe(&ends) == 0 else { throw LabError("cannot open '\(log)'") }
        defer { for descriptor in [output, input, ends[0]] { close(descriptor) } }
        do {
            defer { close(ends[1]) }
            outer = try SpawnedProcess(
                setup.arguments, environment: [:], input: input, output: output, errors: output, extra: ends[1])
        }
        var word: [UInt8] = [0, 0]
        let count = read(ends[0], &word, 2)
        guard count > 0, let child = outer.child else {
            outer.signal(SIGKILL)
            _ = outer.wait()
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw LabError("failed to create containerd task: \(text.suffix(1000))")
        }
        id = child
    }

    deinit { kill() }

    /// The exit status; nil while it runs.
    var exitStatus: CInt? { outer.exitStatus }

    /// Sends SIGTERM to the first process only. The kernel ignores it if that has no handler, as in any container.
    func terminate() {
        guard outer.exitStatus == nil else { return }
        Glibc.kill(id, SIGTERM)
    }

    /// Kills all processes of the container, and waits until they have ended.
    func kill() {
        guard outer.exitStatus == nil else { return }
        // The kernel ends all processes of the namespace before the outer process learns of it.
        Glibc.kill(id, SIGKILL)
        let deadline = ContinuousClock.now + .seconds(10)
        while outer.exitStatus == nil, ContinuousClock.now < deadline { usleep(5_000) }
        outer.signal(SIGKILL)
        _ = outer.wait()
    }

    /// The arguments that run a command in the container as its user.
    func execution(of command: [String]) -> [String] { setup.execution(of: command, in: id) }

    /// Runs a command in the container to its end.
    /// - Returns: the exit status; nil if it did not end in time.
    func run(_ command: [String], timeout: Duration) throws -> CInt? {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let process = try SpawnedProcess(
            execution(of: command), environment: [:], input: null, output: null, errors: null)
        let deadline = ContinuousClock.now + timeout
        while process.exitStatus == nil {
            guard ContinuousClock.now < deadline else {
                process.signal(SIGKILL)
                _ = process.wait()
                return nil
            }
            usleep(10_000)
        }
        return process.exitStatus
    }

    var terminationLog: String { setup.terminationLog.source }
}
