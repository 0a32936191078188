internal import CLinux
internal import Foundation
internal import Platform

/// The cost of one run of a program, including its children.
package struct MeasuredProcess: Sendable {
    package var command: [String]
    package var exitStatus: CInt
    package var wall: Duration
    /// The user and system time of the program and of each child that it waited for.
    package var cpu: Duration
    /// The peak memory of the largest process of the tree in bytes. The kernel includes the memory of the parent, see
    /// ``floor``.
    package var peakMemory: Int
    /// The path of the file with its output.
    package var log: String

    /// Runs a program to its end, and waits on a separate thread.
    ///
    /// - Parameters:
    ///   - command: an absolute path and arguments.
    ///   - log: a file for standard output and standard error.
    ///   - folder: the working directory.
    package static func run(
        _ command: [String], log: String, folder: String = "/", environment: [String: String] = [:]
    ) async throws -> MeasuredProcess {
        try await ChildProcess.endingOnCancellation { child in
            try await pool.run { try launch(child, command, log: log, folder: folder, environment: environment) }
        }
    }

    /// The minimum of ``peakMemory`` in bytes: the memory of this process. A child starts as a copy of it, and Linux
    /// keeps that peak across the exec.
    package static var floor: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    package func requireSuccess() throws {
        guard exitStatus != 0 else { return }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        let tail = text.split(separator: "\n").suffix(15).joined(separator: "\n")
        throw LabError("'\(command.joined(separator: " "))' exited with status \(exitStatus):\n\(tail)")
    }

    private static let pool = BlockingPool(threads: 4)

    private static func launch(
        _ process: ChildProcess, _ command: [String], log: String, folder: String, environment: [String: String]
    ) throws -> MeasuredProcess {
        // Reset the peak of this process, because children inherit it: proc(5), clear_refs.
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Swift does not import the call that changes the folder; env(1) changes it and then executes the program.
        let arguments = CStrings(["/usr/bin/env", "--chdir=\(folder)"] + command)
        let environment = CStrings(variables.map { "\($0)=\($1)" })
        var child: pid_t = 0
        let start = ContinuousClock.now
        let failure = posix_spawn(&child, "/usr/bin/env", &actions, nil, arguments.pointers, environment.pointers)
        guard failure == 0 else {
            throw LabError("cannot start '\(command.first ?? "")': \(String(cString: strerror(failure)))")
        }
        process.started(child)
        defer { process.ended() }
        var status: CInt = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw LabError("wait4: \(String(cString: strerror(errno)))") }
        }
        let wall = ContinuousClock.now - start
        let signal = status & 0x7f
        return MeasuredProcess(
            command: command, exitStatus: signal == 0 ? (status >> 8) & 0xff : 128 + signal, wall: wall,
            cpu: .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
            peakMemory: usage.ru_maxrss << 10, log: log)
    }
}
