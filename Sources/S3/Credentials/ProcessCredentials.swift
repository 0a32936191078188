internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// The credentials that a profile's `credential_process` prints.
struct ProcessCredentials: CredentialSource {
    let command: String
    let source: String
    /// The time-out of other AWS tools. Such a command may prompt for a code on the terminal.
    var timeout = Duration.seconds(60)
    /// True if the processes that the command starts are stopped with it. False on a terminal, which only its own
    /// process group may read.
    var hasOwnGroup = isatty(0) == 0

    private static let longestDocument = 1 << 20

    func load() throws -> S3Credentials? {
        let (status, document) = try run()
        guard status == 0 else {
            let signal = status & 0x7f
            throw CredentialError(
                source,
                signal == 0
                    ? "credential_process failed with status \(status >> 8 & 0xff)"
                    : "credential_process was stopped by signal \(signal)")
        }
        return try CredentialDocument.credentials(document, source: source)
    }

    /// - Returns: the status of `waitpid`, and the printed output.
    private func run() throws -> (status: CInt, output: [UInt8]) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure(errno) }
        let (near, far) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(near) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Standard input and standard error stay the user's, because such commands prompt for codes there.
        posix_spawn_file_actions_adddup2(&actions, far, 1)
        let words: [String] = ["sh", "-c", command]
        var arguments = words.map { strdup($0) } + [nil]
        var environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if hasOwnGroup { posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP)) }
        var child: pid_t = 0
        let started = posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, &environment)
        close(far)
        guard started == 0 else { throw failure(started) }
        var isReaped = false
        defer {
            if !isReaped {
                kill(hasOwnGroup ? -child : child, SIGKILL)
                var status: CInt = 0
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
            }
        }
        let output = try read(near)
        var status: CInt = 0
        let deadline = ContinuousClock.now + timeout
        while waitpid(child, &status, WNOHANG) == 0 {
            guard ContinuousClock.now < deadline else { throw tooSlow }
            try Task.checkCancellation()
            usleep(5000)
        }
        isReaped = true
        return (status, output)
    }

    /// Reads until the command has closed its output.
    private func read(_ descriptor: CInt) throws -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else { throw tooSlow }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, 100) > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return output }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure(errno)
            }
            output += buffer[..<count]
            guard output.count <= Self.longestDocument else {
                throw CredentialError(source, "credential_process printed more than \(Self.longestDocument) bytes")
            }
        }
    }

    private var tooSlow: CredentialError {
        CredentialError(source, "credential_process did not finish within \(timeout)")
    }

    private func failure(_ number: CInt) -> CredentialError {
        CredentialError(source, "credential_process: \(Errno(rawValue: number))")
    }
}
