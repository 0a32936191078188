package import Components
package import Documents

/// The settings of drills, which run beside the stack and never in it.
package struct DrillConfiguration: Equatable, Sendable {
    /// The absolute path of the folder for drills; nil for `drills` in the state folder.
    package var folder: String?
    /// Plan parameters. They override the plan's values; the command line overrides them.
    package var parameters: [String: String] = [:]
    /// The servers for drills, by component name.
    package var servers: [String: DrillServerOptions] = [:]
    /// Checks to run instead of the default checks.
    package var checks: [String] = []
    /// The ids of steps that may run programs in a drill.
    package var programs: [String] = []
    /// The kubectl contexts of the live stack, in addition to the current one.
    package var liveContexts: [String] = []
    package var cluster = DrillClusterConfiguration()
    /// True if the report is signed with the key of the sets.
    package var signs = false
    /// True if the scheduled drill runs in an empty environment, with the recovery kit only.
    package var isBare = true
    /// The absolute path of the private key that opens encrypted backups in drills.
    package var recoveryKey: String?

    package init() {}
}

extension DrillConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "folder", \.folder, as: .path,
            about:
                "Folder for drills, which needs space for the data. Drills empty it at their end. Default: drills in the state folder."
        ),
        Key("parameters", \.parameters, as: .mapping(of: .text), about: "Values of plan parameters in drills."),
        Key(
            "servers", \.servers, as: .mapping(of: .section()),
            about: "Server that a drill starts for a component, by component name."),
        Key(
            "checks", \.checks, as: .list(of: .text),
            about: "Checks of a drill, instead of the checks of the plan and the comparisons."),
        Key("programs", \.programs, as: .list(of: .text), about: "Ids of steps that may run programs in a drill."),
        Key("live_contexts", \.liveContexts, as: .list(of: .text), about: "kubectl contexts that drills must not use."),
        Key("kubernetes", \.cluster, as: .section(), about: "Cluster for drills of plans for Kubernetes."),
        Key("sign", \.signs, as: .flag, about: "Sign the report of a drill with the key under store.signing."),
        Key(
            "recovery_key", \.recoveryKey, as: .path,
            about:
                "Private key that opens encrypted backups in drills. A host with this key can read all of them: drill on another machine than the one that makes backups."
        ),
        Key(
            "bare", \.isBare, as: .flag,
            about: "Run the drill of `dr schedule` in an empty environment, with the recovery kit only. Default: true."),
    ]
}
