package import Documents

/// A server that a drill starts, on a port of its own, and ends.
package struct DrillServerOptions: Equatable, Sendable {
    /// Program and arguments; `${port}`, `${data}`, `${folder}` and `${name}` stand for what the drill gives it.
    package var run: [String] = []
    /// For a server that cannot be told its port; nil for any that is free.
    package var port: Int?
    /// Path that answers with success once it is up.
    package var ready = "/"
    package var within = Period.minutes(2)
    /// The system user that it runs as: a name or `UID:GID`; nil for the owner of the restored data.
    package var user: String?
    /// Of the drill's server, where it wants any.
    package var username: String?
    package var password: Secret?

    package init() {}
}

extension DrillServerOptions: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "run", \.run, as: .list(of: .text), required: true,
            about: "Program and arguments; ${port}, ${data}, ${folder} are replaced."),
        Key(
            "port", \.port, as: .count(1...65535),
            about: "Port of 127.0.0.1, where the server cannot be told one; any that is free when left out."),
        Key("ready", \.ready, as: .text, about: "Path that answers with success once it is up."),
        Key("within", \.within, as: .period, about: "How long it may take to come up; 2m when left out."),
        Key(
            "user", \.user, as: .text,
            about:
                "System user that runs it: a name or UID:GID. Default: the owner of the restored data, if dr runs as root."
        ),
        Key("username", \.username, as: .text, about: "User name of the drill's server."),
        Key("password", \.password, as: .secret, about: "Password of the drill's server."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (username == nil) != (password == nil) {
            reader.complain(
                written[username == nil ? "password" : "username"], "'username' and 'password' need each other")
        }
        if run.isEmpty { reader.complain(written["run"], "'run' names no program") }
    }
}
