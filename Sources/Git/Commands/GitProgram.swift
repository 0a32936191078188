internal import BackupRepository
internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The credentials and trust settings for the repository's server.
package struct GitAccess: Equatable, Sendable {
    /// For http and https.
    package var username: String?
    package var password: String?
    /// Absolute paths.
    package var sshKey: String?
    package var sshKnownHosts: String?
    package var caFile: String?

    package init() {}
}

/// The `git` of this machine, run with dr's settings: git ignores the user's and the system's configuration, does not
/// prompt, and runs no hooks.
///
/// Only the commands that talk to the server have the credentials, in their environment.
struct GitProgram {
    /// A private folder of the caller.
    let scratch: String
    private let access: GitAccess
    private let inherited: [String: String]
    /// `git`, or its path.
    var program = "git"

    /// Environment variables that git inherits: to find programs, the ssh agent, proxies and trusted certificates.
    private static let passedOn = [
        "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy",
        "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    ]

    /// - Parameters:
    ///   - scratch: absolute path of a folder that no other run uses; the settings are written there.
    ///   - address: the server that gets the credentials.
    init(scratch: String, access: GitAccess = GitAccess(), address: GitAddress? = nil) throws {
        self.scratch = scratch
        self.access = access
        let environment = ProcessInfo.processInfo.environment
        inherited = environment.filter { Self.passedOn.contains($0.key) }
        do {
            let settings = Data(Self.settings(access, address).utf8)
            try settings.write(to: URL(filePath: "\(scratch)/git.config"))  // checked: a private folder
        } catch {
            throw ComponentError(
                .other, operation: "write '\(scratch)/git.config'", FileFailure.text(error),
                hint: "check `state:` in dr.yaml")
        }
    }

    // MARK: Running

    /// Runs a command to its end.
    /// - Parameters:
    ///   - folder: the repository it works in.
    ///   - operation: for the error's message.
    ///   - isRemote: true if it talks to the server and needs the credentials.
    ///   - limit: the most bytes of output; more is an error.
    ///   - inheritsMask: true if the files that it writes are for other users too.
    /// - Returns: its standard output.
    /// - Throws: `ComponentError` when it fails.
    @discardableResult
    func run(
        _ arguments: [String], in folder: String? = nil, operation: String, isRemote: Bool = false,
        input: String? = nil, limit: Int = 64 << 20, inheritsMask: Bool = false
    ) throws -> String {
        let (status, output, errors) = try attempt(
            arguments, in: folder, isRemote: isRemote, input: input, limit: limit, inheritsMask: inheritsMask)
        guard status == 0 else { throw GitFailure.error(operation, status: status, errors: errors) }
        return output
    }

    /// Runs a command for which failure is a valid result.
    func attempt(
        _ arguments: [String], in folder: String? = nil, isRemote: Bool = false, input: String? = nil,
        limit: Int = 64 << 20, inheritsMask: Bool = false
    ) throws -> (status: CInt, output: String, errors: String) {
        var output: [UInt8] = []
        var command = command(arguments, in: folder, isRemote: isRemote, input: input)
        command.inheritsMask = inheritsMask
        let result = try command.run { bytes in
            guard output.count + bytes.count <= limit else {
                throw ComponentError(
                    .other, operation: "git \(arguments.first ?? "")",
                    "it wrote more than \(limit) bytes, which is implausible"
                )
            }
            output += bytes
        }
        return (result.status, String(decoding: output, as: UTF8.self), result.errors)
    }

    /// Runs a command and passes on its output, entry by entry.
    /// - Parameter separator: the byte at the end of each entry.
    func forEachEntry(
        of arguments: [String], in folder: String, operation: String, separator: UInt8 = 0,
        _ body: (ArraySlice<UInt8>) -> Void
    ) throws {
        var rest: [UInt8] = []
        let result = try command(arguments, in: folder, isRemote: false, input: nil).run { bytes in
            rest += bytes
            var start = 0
            while let end = rest[start...].firstIndex(of: separator) {
                body(rest[start..<end])
                start = end + 1
            }
            rest.removeFirst(start)
        }
        guard result.status == 0 else {
            throw GitFailure.error(operation, status: result.status, errors: result.errors)
        }
    }

    private func command(_ arguments: [String], in folder: String?, isRemote: Bool, input: String?) -> GitCommand {
        var environment = inherited
        environment["GIT_CONFIG_GLOBAL"] = "\(scratch)/git.config"
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        environment["GIT_ASKPASS"] = "true"
        environment["GIT_OPTIONAL_LOCKS"] = "0"
        environment["LC_ALL"] = "C"
        // A partial clone must not fetch missing objects with commands that its own configuration names.
        environment["GIT_ALLOW_PROTOCOL"] = isRemote ? "file:git:http:https:ssh" : "none"
        environment["GIT_SSH_COMMAND"] = sshCommand
        if isRemote, let username = access.username, let password = access.password {
            environment["DR_GIT_USERNAME"] = username
            environment["DR_GIT_PASSWORD"] = password
        }
        return GitCommand(
            arguments: (folder.map { ["-C", $0] } ?? []) + arguments, environment: environment, input: input,
            program: program)
    }

    private var sshCommand: String {
        var words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15"]
        if let key = access.sshKey { words += ["-o", "IdentitiesOnly=yes", "-i", Self.quoted(key)] }
        // ssh reads a list of files here, so that a second level of quotes is necessary.
        if let hosts = access.sshKnownHosts { words += ["-o", Self.quoted("UserKnownHostsFile=\"\(hosts)\"")] }
        return words.joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }

    // MARK: Settings

    /// https://git-scm.com/docs/git-config
    private static func settings(_ access: GitAccess, _ address: GitAddress?) -> String {
        var lines = [
            // Backups read repositories of other users too, with commands that do not run anything from their
            // configuration. Restores never run git in a target's repository.
            "[safe]", "directory = *",
            "[core]", "hooksPath = /dev/null", "fsmonitor = false",
            "[gc]", "autoDetach = false",
            "[maintenance]", "autoDetach = false",
            "[advice]", "detachedHead = false",
            "[init]", "defaultBranch = main",
            "[http]", "lowSpeedLimit = 1", "lowSpeedTime = 60",
        ]
        if let file = access.caFile { lines.append("sslCAInfo = \(value(file))") }
        if access.password != nil, let scope = address?.credentialScope {
            // Bound to this server: a server that it redirects to does not get the credentials.
            lines.append("[credential \(value(scope))]")
            let answer = #"printf 'username=%s\npassword=%s\n' "$DR_GIT_USERNAME" "$DR_GIT_PASSWORD""#
            lines.append("helper = \(value("!f() { test \"$1\" = get && \(answer); }; f"))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func value(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
