internal import CLinux
internal import Foundation
internal import Glibc
internal import Synchronization

/// A child process with its own process group and three descriptors, which the kernel kills when this process ends.
final class SpawnedProcess: Sendable {
    let id: pid_t
    private let status = Mutex<CInt?>(nil)

    /// - Parameters:
    ///   - arguments: an absolute path and arguments.
    ///   - extra: a descriptor that becomes descriptor 3.
    init(
        _ arguments: [String], environment: [String: String], input: CInt, output: CInt, errors: CInt,
        extra: CInt? = nil
    ) throws {
        // The kernel watches the thread that starts the child, so this thread never ends.
        let command = ["/usr/bin/setpriv", "--pdeathsig", "KILL"] + arguments
        id = try Self.spawner.run {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            var descriptors: [(own: CInt, standard: CInt)] = [(input, 0), (output, 1), (errors, 2)]
            if let extra { descriptors.append((extra, 3)) }
            for pair in descriptors { posix_spawn_file_actions_adddup2(&actions, pair.own, pair.standard) }
            dr_spawn_closing(&actions, CInt(descriptors.count))
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var signals = sigset_t()
            sigemptyset(&signals)
            posix_spawnattr_setsigmask(&attributes, &signals)
            for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGXFSZ] { sigaddset(&signals, signal) }
            posix_spawnattr_setsigdefault(&attributes, &signals)
            posix_spawnattr_setpgroup(&attributes, 0)
            let flags = CInt(POSIX_SPAWN_SETPGROUP) | CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
            posix_spawnattr_setflags(&attributes, Int16(flags))
            var words = command.map { strdup($0) } + [nil]
            var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
            defer { for text in words + variables { free(text) } }
            var id: pid_t = 0
            let code = posix_spawn(&id, command[0], &actions, &attributes, &words, &variables)
            guard code == 0 else {
                throw LabError("cannot start '\(arguments[0])': \(String(cString: strerror(code)))")
            }
            return id
        }
    }

    /// The exit status, 128 plus the signal's number for a signal; nil while it runs.
    var exitStatus: CInt? {
        status.withLock { status in
            if let status { return status }
            var result: CInt = 0
            let reaped = waitpid(id, &result, WNOHANG)
            guard reaped == id || (reaped < 0 && errno == ECHILD) else { return nil }
            let signal = result & 0x7f
            status = signal == 0 ? (result >> 8) & 0xff : 128 + signal
            return status
        }
    }

    /// The first child, which `unshare --fork` and `nsenter` start.
    var child: pid_t? {
        let text = try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
        return text?.split(separator: " ").first.flatMap { pid_t($0) }
    }

    /// Sends a signal to the process and its group, unless it was reaped.
    func signal(_ number: CInt) {
        status.withLock { status in
            guard status == nil else { return }
            kill(-id, number)
            kill(id, number)
        }
    }

    /// Blocks until it has exited.
    func wait() -> CInt {
        while true {
            if let exitStatus { return exitStatus }
            usleep(5_000)
        }
    }

    private static let spawner = Spawner()
}

/// A thread that runs closures for other threads and never ends.
private final class Spawner: Sendable {
    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let available = DispatchSemaphore(value: 0)

    init() {
        Thread { [self] in
            while true {
                available.wait()
                jobs.withLock { $0.removeFirst() }()
            }
        }.start()
    }

    /// Blocks until the thread has run the closure.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let job: @Sendable () -> Void = {
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            done.signal()
        }
        jobs.withLock { $0.append(job) }
        available.signal()
        done.wait()
        guard let outcome = result.withLock({ $0 }) else { throw LabError("no result") }
        return try outcome.get()
    }
}
