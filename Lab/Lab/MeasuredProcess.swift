internal import CLinux
internal import Foundation
internal import Platform

/// The cost of one run of a program, including its children.
package struct MeasuredProcess: Codable, Sendable {
    package var command: [String]
    package var exitStatus: CInt
    package var wall: Duration
    /// The user and system time of the program and of each child that it waited for.
    package var cpu: Duration
    /// The time of the processors that others used meanwhile: a server on the same machine, the kernel's own threads.
    package var others: Duration
    /// The seconds in which a processor ran nothing, summed over all processors: the program waited for a disk, for the
    /// network, or for one of its own threads.
    package var idle: Duration
    /// The peak memory of the largest process of the tree in bytes, at least ``floor``.
    package var peakMemory: Int
    /// The memory of the process that started the program, in bytes: a child starts as a copy of it, and Linux keeps that
    /// peak across the exec.
    package var floor: Int
    /// The path of the file with its output.
    package var log: String

    /// A program that runs ``run(_:log:folder:environment:)`` as its subcommand `measure`; nil to start programs from this
    /// process. A process that has held servers, proxies and results is large, and no ``peakMemory`` would be smaller.
    @TaskLocal package static var helper: String?

    /// Runs a program to its end, and waits on a separate thread.
    ///
    /// - Parameters:
    ///   - command: an absolute path and arguments.
    ///   - log: a file for standard output and standard error.
    ///   - folder: the working directory.
    package static func run(
        _ command: [String], log: String, folder: String = "/", environment: [String: String] = [:]
    ) async throws -> MeasuredProcess {
        guard let helper else {
            return try await ChildProcess.endingOnCancellation { child in
                try await pool.run { try launch(child, command, log: log, folder: folder, environment: environment) }
            }
        }
        let measure = ["measure", "--log", log, "--folder", folder, "--"] + command
        let run = try await CommandRun.run(helper, measure, environment: environment)
        guard run.status == 0 else {
            throw LabError("'\(helper) measure' exited with status \(run.status):\n\(run.errors)")
        }
        return try JSONDecoder().decode(MeasuredProcess.self, from: Data(run.output.utf8))
    }

    /// The peak memory of this process in bytes.
    private static var ownPeak: Int {
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
        // Children inherit the peak of this process. Reset it: proc(5), clear_refs.
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
        let floor = ownPeak
        let before = ProcessorTimes()
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
        let after = ProcessorTimes()
        let cpu: Duration =
            .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        let signal = status & 0x7f
        return MeasuredProcess(
            command: command, exitStatus: signal == 0 ? (status >> 8) & 0xff : 128 + signal, wall: wall,
            cpu: cpu, others: max(.zero, after.busy - before.busy - cpu), idle: max(.zero, after.idle - before.idle),
            peakMemory: usage.ru_maxrss << 10, floor: floor, log: log)
    }
}

/// The times of all processors of this machine since its start, in steps of 10 ms: proc_stat(5).
private struct ProcessorTimes {
    var busy = Duration.zero
    var idle = Duration.zero

    /// Zero if the kernel does not tell.
    init() {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        // user nice system idle iowait irq softirq steal; the guests' times are in user's.
        let ticks = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard ticks.count == 8 else { return }
        idle = .milliseconds(10 * (ticks[3] + ticks[4]))
        busy = .milliseconds(10 * (ticks.reduce(0, +))) - idle
    }
}
