package import Documents

/// A server that a drill starts on its own port, and stops.
package struct DrillServerOptions: Equatable, Sendable {
    /// The program and its arguments; the drill replaces `${port}`, `${data}`, `${folder}` and `${name}`.
    package var run: [String] = []
    /// The fixed port of the server; nil for any free port.
    package var port: Int?
    /// The path that responds with success when the server is ready.
    package var ready = "/"
    package var within = Period.minutes(2)
    /// The system user of the server: a name or `UID:GID`; nil for the owner of the restored data.
    package var user: String?
    /// The user name on the drill's server, if it requires one.
    package var username: String?
    package var password: Secret?

    package init() {}
}

extension DrillServerOptions: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "run", \.run, as: .list(of: .text), required: true,
            about: "Program and arguments; dr replaces ${port}, ${data}, ${folder} and ${name}."),
        Key(
            "port", \.port, as: .count(1...65535),
            about: "Port on 127.0.0.1, for a server with a fixed port. Default: any free port."),
        Key(
            "ready", \.ready, as: .text, about: "Path that responds with success when the server is ready. Default: /."),
        Key("within", \.within, as: .period, about: "Longest time until the server is ready. Default: 2m."),
        Key(
            "user", \.user, as: .text,
            about:
                "System user of the server: a name or UID:GID. Default: the owner of the restored data, if dr runs as root."
        ),
        Key("username", \.username, as: .text, about: "User name of the drill's server."),
        Key("password", \.password, as: .secret, about: "Password of the drill's server."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (username == nil) != (password == nil) {
            reader.complain(
                written[username == nil ? "password" : "username"], "'username' and 'password' must be set together")
        }
        if run.isEmpty { reader.complain(written["run"], "'run' is empty: it needs a program") }
    }
}
