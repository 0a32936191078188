import FoundationEssentials
import Glibc
import Operations
import Platform

/// The command that starts a program as another user, on another host name, as far as this system permits it.
struct BareLauncher {
    static let hostName = "dr-bare"

    /// The arguments before the program.
    let prefix: [String]
    /// The owner of the child's files; nil for the user of this process.
    let account: ServerAccount?
    /// The differences from an empty machine, for the evidence.
    let deviations: [String]

    /// util-linux' `unshare` and `hostname`, then the rest of the command.
    private static func renamed(_ unshare: [String], _ rest: [String]) -> [String] {
        ["unshare"] + unshare + ["--uts", "--", "sh", "-c", "hostname \(hostName) && exec \"$@\"", "sh"] + rest
    }

    /// In order of preference. In a user namespace the files of this user stay readable, and the program still sees
    /// another user without privileges.
    private static var candidates: [BareLauncher] {
        let sameHost = "the bare drill kept the host name: this system does not permit another one"
        let namespace = renamed(
            ["--user", "--map-root-user"], ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"])
        var all = [BareLauncher(prefix: namespace, account: nil, deviations: [])]
        if geteuid() == 0, let unused = unusedAccount {
            all.insert(
                BareLauncher(prefix: renamed([], unused.command([])), account: unused, deviations: []), at: 0)
            all.append(BareLauncher(prefix: unused.command([]), account: unused, deviations: [sameHost]))
        }
        let sameUser = "the bare drill ran as user \(geteuid()): no other user of this system can read the store and dr"
        all.append(BareLauncher(prefix: renamed([], []), account: nil, deviations: [sameUser]))
        all.append(BareLauncher(prefix: [], account: nil, deviations: [sameUser, sameHost]))
        return all
    }

    /// A user id without an account, from the range that systemd uses for such ids. Processes of an account such as
    /// `nobody` could read the copy of the recovery key.
    private static var unusedAccount: ServerAccount? {
        for _ in 0..<100 {
            let id = UInt32.random(in: 61_184...65_519)
            let account = ServerAccount(uid: id, gid: id)
            if account.name == nil { return account }
        }
        return nil
    }

    /// Returns the first way that works.
    /// - Parameters:
    ///   - program: the program that must start.
    ///   - home: a folder, which becomes the property of the user.
    ///   - files: the paths that the user must be able to read.
    static func choose(
        program: String, home: String, files: [String], environment: [String: String], pool: BlockingPool
    ) async throws -> BareLauncher {
        for candidate in candidates {
            try candidate.give(home)
            let script = "test -w \"$HOME\" && for f in \"$@\"; do test -r \"$f\" || exit 1; done"
            let tests = [["sh", "-c", script, "sh"] + files, [program, "--version"]].map { test in
                candidate.program(test, environment: environment, folder: "/", timeout: .seconds(60))
            }
            let works = await pool.run {
                tests.allSatisfy { test in (try? test.captured())?.end.status == 0 }
            }
            if works { return candidate }
        }
        throw DrillError("bare drill", "the program '\(program)' cannot be started")
    }

    /// Makes a file or folder the property of the user.
    func give(_ path: String) throws {
        guard chown(path, account?.uid ?? geteuid(), account?.gid ?? getegid()) == 0 else {
            throw DrillError("'\(path)'", "it cannot be given to the user of the bare drill")
        }
    }

    func program(
        _ command: [String], environment: [String: String], folder: String, timeout: Duration
    ) -> Program {
        let all = prefix + command
        return Program(all[0], Array(all.dropFirst()), environment: environment, folder: folder, timeout: timeout)
    }
}
