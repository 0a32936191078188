internal import Glibc
internal import Repository

/// One run of the `git` program: an argument vector and an environment, never a shell.
///
/// It blocks, hence belongs on a `BlockingPool`. The program runs in a process group of its own, which is ended with
/// all its helpers (ssh, git-remote-https, index-pack) when the task is cancelled or the time is up.
struct GitCommand {
    /// What follows `git`.
    var arguments: [String]
    /// All that the program sees; nothing is inherited.
    var environment: [String: String]
    /// A file for its standard input.
    var input = "/dev/null"
    var timeout: Duration = .seconds(3600)
    /// Searched in the `PATH` of this process when it holds no slash.
    var program = "git"

    struct Result {
        /// 128 and the signal's number where one ended it, as a shell has it.
        var status: CInt
        /// The end of what it wrote to standard error.
        var errors: String
    }

    /// - Parameter output: gets standard output as it comes; what it throws ends the program.
    /// - Throws: `ComponentError` when it cannot be started or takes too long; `CancellationError`.
    func run(output: (UnsafeRawBufferPointer) throws -> Void) throws -> Result {
        var channels = [try Channel(), try Channel()]
        defer { for channel in channels { channel.close() } }
        let child = try spawn(output: channels[0].far, errors: channels[1].far)
        for index in channels.indices { channels[index].closeFar() }
        var errors: [UInt8] = []
        let deadline = ContinuousClock.now + timeout
        do {
            var status: CInt = 0
            while true {
                try Task.checkCancellation()
                guard ContinuousClock.now < deadline else { throw lateness }
                let isOpen = try pump(&channels, output, &errors)
                // A helper that stays behind, such as ssh's shared connection, may hold the channels open for long.
                let ended = waitpid(child, &status, isOpen ? WNOHANG : 0)
                guard ended != child else { break }
                guard ended == 0 || errno == EINTR else { throw failure("waiting for it", errno) }
            }
            while try pump(&channels, output, &errors, wait: 0, isLast: true) {}
            let signal = status & 0x7f
            return Result(
                status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
                errors: String(decoding: errors, as: UTF8.self)
            )
        } catch {
            Self.end(child)
            throw error
        }
    }

    // MARK: Starting and ending

    private func spawn(output: CInt, errors: CInt) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that this process handles or ignores would be ignored by the program too.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = CInt(POSIX_SPAWN_SETPGROUP) | CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = CStrings([program] + arguments)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var child: pid_t = 0
        let code = posix_spawnp(&child, program, &actions, &attributes, words.pointers, variables.pointers)
        guard code == 0 else { throw failure("starting it", code) }
        return child
    }

    /// Ends the program with all it started: politely, so that it removes its temporary files, then for good.
    private static func end(_ child: pid_t) {
        kill(-child, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(3)
        while ContinuousClock.now < deadline {
            if waitpid(child, nil, WNOHANG) != 0 {
                kill(-child, SIGKILL)  // helpers that did not listen
                return
            }
            usleep(5_000)
        }
        kill(-child, SIGKILL)
        while waitpid(child, nil, 0) < 0, errno == EINTR {}
    }

    private var subject: String { "git \(arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") } ?? "")" }

    private var lateness: ComponentError {
        ComponentError(
            .unreachable, subject, "it did not end within \(timeout)", hint: "see whether the server answers")
    }

    private func failure(_ what: String, _ code: CInt) -> ComponentError {
        guard code != ENOENT else {
            return ComponentError(
                .misconfigured, subject, "there is no program '\(program)' in PATH", hint: "install git, 2.32 or newer")
        }
        return ComponentError(.other, subject, "\(what): \(String(cString: strerror(code)))")
    }

    // MARK: What it writes

    /// Of standard error, so much is kept, from its end.
    private static let errorLimit = 16 << 10

    /// Takes what has come.
    /// - Returns: whether more may come; of the last pass, whether something came.
    private func pump(
        _ channels: inout [Channel], _ output: (UnsafeRawBufferPointer) throws -> Void, _ errors: inout [UInt8],
        wait: CInt = 20, isLast: Bool = false
    ) throws -> Bool {
        var waiting = channels.map { pollfd(fd: $0.near, events: Int16(POLLIN), revents: 0) }  // -1 is passed over
        poll(&waiting, nfds_t(waiting.count), wait)
        var hasMoved = false
        try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            for index in channels.indices where waiting[index].revents != 0 {
                let count = recv(channels[index].near, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
                guard count > 0 else {
                    if count == 0 || errno != EAGAIN && errno != EINTR { channels[index].closeNear() }
                    continue
                }
                hasMoved = true
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if index == 0 { try output(bytes) } else { errors += bytes }
            }
        }
        if errors.count > Self.errorLimit { errors.removeFirst(errors.count - Self.errorLimit) }
        return isLast ? hasMoved : channels.contains { $0.near >= 0 }
    }
}

/// A pair of connected sockets: like a pipe, but born closed for every other child of this process.
private struct Channel {
    private(set) var near: CInt = -1
    private(set) var far: CInt = -1

    init() throws {
        var pair: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw ComponentError(.other, "git", "socketpair: \(String(cString: strerror(errno)))")
        }
        (near, far) = (pair[0], pair[1])
    }

    mutating func closeFar() {
        Glibc.close(far)
        far = -1
    }

    mutating func closeNear() {
        Glibc.close(near)
        near = -1
    }

    func close() {
        if near >= 0 { Glibc.close(near) }
        if far >= 0 { Glibc.close(far) }
    }
}

/// A NULL-terminated array of C strings.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
