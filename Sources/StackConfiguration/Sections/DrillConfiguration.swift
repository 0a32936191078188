package import Components
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
