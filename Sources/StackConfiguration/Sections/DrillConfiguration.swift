package import Documents

/// How drills are run: beside the stack, never in it.
package struct DrillConfiguration: Equatable, Sendable {
    /// Absolute path of the folder that drills are run in; nil stands for `drills` in the state folder.
    package var folder: String?
    /// For plans, over their own values and under the command line's.
    package var parameters: [String: String] = [:]
    /// The server that stands in for a component's, by the component's name.
    package var servers: [String: DrillServerOptions] = [:]
    /// Checks instead of the usual ones.
    package var checks: [String] = []
    /// Steps that may run programs although it is a drill, by id.
    package var programs: [String] = []
    /// Contexts of kubectl that are the live stack's, besides the current one.
    package var liveContexts: [String] = []
    /// Whether the report is signed with the key that sets are signed with.
    package var signs = false

    package init() {}
}

extension DrillConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "folder", \.folder, as: .path,
            about: "Folder that drills are run in and that they leave empty; needs room for the data."),
        Key("parameters", \.parameters, as: .mapping(of: .text), about: "Values for the plans' parameters in a drill."),
        Key(
            "servers", \.servers, as: .mapping(of: .section()),
            about: "By component: the server that a drill starts for it."),
        Key(
            "checks", \.checks, as: .list(of: .text),
            about: "Checks of a drill, instead of the plan's and the comparisons."),
        Key("programs", \.programs, as: .list(of: .text), about: "Ids of steps that may run programs in a drill."),
        Key("live_contexts", \.liveContexts, as: .list(of: .text), about: "kubectl contexts that no drill may touch."),
        Key("sign", \.signs, as: .flag, about: "Sign the report of a drill with the key under store.signing."),
    ]
}

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

/// Where a component lives during a drill.
package struct Relocation: Equatable, Sendable {
    /// Absolute path of a directory of its own, which need not exist.
    package var data: String
    /// The drill's server for it; nil where there is none.
    package var url: String?
    package var username: String?
    package var password: Secret?

    package init(data: String, url: String? = nil, username: String? = nil, password: Secret? = nil) {
        self.data = data
        self.url = url
        self.username = username
        self.password = password
    }
}

extension HTTPAccess {
    /// The drill's server instead of the live one: none of the live credentials go there.
    mutating func relocate(_ place: Relocation) {
        url = place.url ?? ""
        username = place.username
        password = place.password
        bearerToken = nil
        tls = TLSOptions()
    }
}
