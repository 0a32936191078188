package import Components
/// Refuses a drill whose places are, or could be, those of the live stack.
///
/// Whatever cannot be told apart counts as the same: a name that does not resolve, a path that cannot be looked at.
package struct IsolationGuard: Sendable {
    package var live: [Place]
    private let network: any NameResolver

    package init(live: [Place], resolver: any NameResolver = SystemResolver()) {
        self.live = live
        network = resolver
    }

    /// Blocks: asks the file system and the resolver.
    /// - Returns: why the drill may not use these places, a line each; empty when it may.
    package func objections(to drill: [Place]) -> [String] {
        drill.filter { !$0.isOnlyRead }.flatMap { place in
            live.compactMap { living in
                reason(place, living).map { "\(place) is not isolated from the live \(living): \($0)" }
            }
        }
    }

    private func reason(_ place: Place, _ living: Place) -> String? {
        switch (place.kind, living.kind) {
        case (.directory(let own), .directory(let other)): DirectoryIdentity.overlap(own, other)
        case (.server(let own), .server(let other)): ServerIdentity.overlap(own, other, resolver: network)
        case (.bucket(let name, let prefix, let endpoint), .bucket(let otherName, let otherPrefix, let otherEndpoint)):
            overlap(prefix, otherPrefix, isSameBucket: name == otherName && isSame(endpoint, otherEndpoint))
        case (.cluster(let own, let server), .cluster(let other, let otherServer)):
            own == other ? "it is the same context" : sameCluster(server, otherServer)
        default: nil
        }
    }

    /// Two contexts may mean one cluster, for two of its users or namespaces.
    private func sameCluster(_ server: String?, _ other: String?) -> String? {
        guard let server else { return "kubectl knows no API server of it" }
        guard let other else { return nil }
        return ServerIdentity.overlap(server, other, resolver: network).map { "their API servers are one: \($0)" }
    }

    private func overlap(_ prefix: String, _ other: String, isSameBucket: Bool) -> String? {
        guard isSameBucket else { return nil }
        func isWithin(_ inner: String, _ outer: String) -> Bool {
            outer.isEmpty || inner == outer || inner.hasPrefix(outer + "/")
        }
        if isWithin(prefix, other) { return "its prefix lies within the live one" }
        return isWithin(other, prefix) ? "the live prefix lies within it" : nil
    }

    /// Two endpoints may be one store by two names: only when both are known and their servers differ are they two.
    private func isSame(_ endpoint: String?, _ other: String?) -> Bool {
        guard let endpoint, let other else { return endpoint == nil && other == nil }
        return ServerIdentity.overlap(endpoint, other, resolver: network) != nil
    }
}
