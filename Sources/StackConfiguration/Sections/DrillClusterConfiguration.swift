package import Documents

/// The cluster for drills.
package struct DrillClusterConfiguration: Equatable, Sendable {
    /// The value of the plan's parameter `context`; nil for the plan's own.
    package var context: String?
    /// True if a drill may run in the live stack's cluster, in its own namespace.
    package var sharesLiveCluster = false
    /// The most pods and claims of a drill's namespace.
    package var pods = 50
    package var claims = 50
    /// The most storage that its claims request together, such as 200Gi; nil for no limit.
    package var storage: String?

    package init() {}
}

extension DrillClusterConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("context", \.context, as: .text, about: "Context in the kubeconfig for drills."),
        Key(
            "live_cluster", \.sharesLiveCluster, as: .flag,
            about: "Allow drills in the live stack's cluster, in their own namespace. Default: false."),
        Key("pods", \.pods, as: .count(1...10_000), about: "Most pods of a drill's namespace. Default: 50."),
        Key("claims", \.claims, as: .count(1...10_000), about: "Most claims of a drill's namespace. Default: 50."),
        Key("storage", \.storage, as: .text, about: "Most storage of these claims together, such as 200Gi."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if context?.hasPrefix("-") == true { reader.complain(written["context"], "'context' must not begin with '-'") }
        if let storage, storage.wholeMatch(of: /[0-9]+([KMGTPE]i?|k)?/) == nil {
            reader.complain(written["storage"], "'\(storage)' is not a size: write it as 200Gi")
        }
    }
}
