internal import CLinux
internal import Glibc
internal import SystemPackage

/// A child process, the leader of its own process group. The code that starts it must stop or reap it exactly once.
struct Child: Sendable {
    private let id: pid_t
    private static let longestBusy = Duration.seconds(2)

    /// - Parameters:
    ///   - output: descriptor that becomes its standard output.
    ///   - errors: descriptor that becomes its standard error.
    /// - Throws: ``ProgramError``.
    init(starting program: Program, output: CInt, errors: CInt) throws(ProgramError) {
        if let folder = program.folder, !Self.isFolder(folder) {
            throw ProgramError(.notStarted, of: program.name, "its working directory '\(folder)' does not exist")
        }
        var file = try Self.file(of: program)
        var arguments = [program.name] + program.arguments
        if program.inheritsMask, let mask = FileCreationMask.inherited {
            // posix_spawn(3) cannot set it, and this process's umask belongs to all its threads.
            let script = "umask \(String(mask, radix: 8)) && exec \"$0\" \"$@\""
            (arguments, file) = (["sh", "-c", script, file] + program.arguments, "/bin/sh")
        }
        let input = try Self.open(program.input, for: program)
        defer { close(input) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (own, standard) in [(input, CInt(0)), (output, 1), (errors, 2)] {
            posix_spawn_file_actions_adddup2(&actions, own, standard)
        }
        if let folder = program.folder { dr_spawn_in(&actions, folder) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The program would inherit the ignored signals of this process.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGXFSZ] { sigaddset(&signals, signal) }
        // Under `nohup` the program ignores SIGHUP too.
        if dr_started_under_nohup() == 0 { sigaddset(&signals, SIGHUP) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = CInt(POSIX_SPAWN_SETPGROUP) | CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = CStrings(arguments)
        let variables = CStrings(program.environment.map { "\($0.key)=\($0.value)" })
        var id: pid_t = 0
        var code = posix_spawn(&id, file, &actions, &attributes, words.pointers, variables.pointers)
        // A program that was just written is busy as long as a child of its writer has the descriptor, until its exec.
        let deadline = ContinuousClock.now + Self.longestBusy
        while code == ETXTBSY, ContinuousClock.now < deadline {
            usleep(10_000)
            code = posix_spawn(&id, file, &actions, &attributes, words.pointers, variables.pointers)
        }
        guard code == 0 else { throw Self.failure(program, code) }
        self.id = id
        Keeper.keep(id)
    }

    /// True if it has exited. It is not reaped yet, so that no other process gets its number or its group's.
    var hasEnded: Bool {
        var info = siginfo_t()
        let code = waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT)
        return code != 0 ? errno != EINTR : info.si_signo == SIGCHLD
    }

    /// - Returns: the status of `waitpid`, and the largest resident memory in bytes.
    func reap() -> (status: CInt, peakMemory: Int) {
        // Release it before another process can get its number.
        Keeper.letGo(id)
        var status: CInt = 0
        var usage = rusage()
        while wait4(id, &status, 0, &usage) < 0, errno == EINTR {}
        return (status, usage.ru_maxrss * 1024)
    }

    /// Stops the child and all processes that it started: first with SIGTERM, so that they remove their temporary
    /// files, then with SIGKILL.
    ///
    /// A process that waits in the kernel for a dead disk or network share ends only when that answers. A thread of its
    /// own then waits for it.
    /// - Parameters:
    ///   - last: the signal instead of SIGKILL.
    ///   - limit: the time that the child has to end after it.
    /// - Returns: the number of the child if it has not ended.
    func end(with last: CInt = SIGKILL, within limit: Duration = .seconds(10)) -> CInt? {
        kill(-id, SIGTERM)
        _ = hasEnded(within: .seconds(3))
        kill(-id, last)  // also helpers that ignored SIGTERM
        guard hasEnded(within: limit) else {
            DetachedThread.start { _ = reap() }
            return id
        }
        _ = reap()
        return nil
    }

    private func hasEnded(within limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        while !hasEnded {
            guard ContinuousClock.now < deadline else { return false }
            usleep(5_000)
        }
        return true
    }

    private static func open(_ input: Program.Input, for program: Program) throws(ProgramError) -> CInt {
        let descriptor =
            switch input {
            case .nothing: Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
            case .file(let path): Glibc.open(path, O_RDONLY | O_CLOEXEC)
            case .bytes: dr_memory_file("input")
            case .pipe(let pipe): pipe.takeFar()
            }
        guard descriptor >= 0 else {
            throw ProgramError(.notStarted, of: program.name, "its input: \(Errno.last)")
        }
        if case .bytes(let bytes) = input {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    close(descriptor)
                    throw ProgramError(.notStarted, of: program.name, "its input: \(Errno.last)")
                }
                rest = rest.dropFirst(count)
            }
            lseek(descriptor, 0, SEEK_SET)
        }
        return descriptor
    }

    private static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// Finds the file to run, with the environment that the program gets.
    private static func file(of program: Program) throws(ProgramError) -> String {
        let name = program.name
        switch Program.search(name, environment: program.environment, in: program.folder) {
        case .found(let path): return path
        case .denied(let path):
            throw ProgramError(.notStarted, of: name, "'\(path)' cannot be run: \(Errno(rawValue: EACCES))")
        case .missing:
            let place = name.contains("/") ? "" : " in PATH (\(program.environment["PATH"] ?? "not set"))"
            throw ProgramError(.missing, of: name, "program '\(name)' not found\(place)")
        }
    }

    /// Maps an error of the start. The file exists, so `ENOENT` is about the interpreter of a script.
    private static func failure(_ program: Program, _ code: CInt) -> ProgramError {
        guard code == ENOENT else {
            return ProgramError(.notStarted, of: program.name, "starting it: \(Errno(rawValue: code))")
        }
        return ProgramError(.notStarted, of: program.name, "the interpreter in its first line does not exist")
    }
}
