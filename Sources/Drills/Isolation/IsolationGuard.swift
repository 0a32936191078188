package import Components
/// Refuses a drill whose places are, or could be, live.
///
/// Places that cannot be distinguished count as the same, such as a name that does not resolve or an unreadable path.
package struct IsolationGuard: Sendable {
    package var live: [Place]
    private let network: any NameResolver

    package init(live: [Place], resolver: any NameResolver = SystemResolver()) {
        self.live = live
        network = resolver
    }

    /// Blocks on the file system and the resolver.
    /// - Returns: the reasons why the drill must not use these places, one line each; empty if it may.
    package func objections(to drill: [Place]) -> [String] {
        drill.filter { !$0.isOnlyRead }.flatMap { place in
            live.compactMap { livePlace in
                reason(place, livePlace).map { "\(place) is not isolated from the live \(livePlace): \($0)" }
            }
        }
    }

    private func reason(_ place: Place, _ livePlace: Place) -> String? {
        switch (place.kind, livePlace.kind) {
        case (.directory(let own), .directory(let other)): DirectoryIdentity.overlap(own, other)
        case (.server(let own), .server(let other)): ServerIdentity.overlap(own, other, resolver: network)
        case (.bucket(let name, let prefix, let endpoint), .bucket(let otherName, let otherPrefix, let otherEndpoint)):
            overlap(prefix, otherPrefix, isSameBucket: name == otherName && isSame(endpoint, otherEndpoint))
        case (.cluster(let own, let server), .cluster(let other, let otherServer)):
            own == other ? "it is the same context" : sameCluster(server, otherServer)
        default: nil
        }
    }

    /// Compares the API servers, since two contexts may refer to one cluster with different users or namespaces.
    private func sameCluster(_ server: String?, _ other: String?) -> String? {
        guard let server else { return "kubectl does not know its API server" }
        guard let other else { return nil }
        return ServerIdentity.overlap(server, other, resolver: network).map { "their API servers are the same: \($0)" }
    }

    private func overlap(_ prefix: String, _ other: String, isSameBucket: Bool) -> String? {
        guard isSameBucket else { return nil }
        func isWithin(_ inner: String, _ outer: String) -> Bool {
            outer.isEmpty || inner == outer || inner.hasPrefix(outer + "/")
        }
        if isWithin(prefix, other) { return "its prefix is inside the live prefix" }
        return isWithin(other, prefix) ? "the live prefix is inside it" : nil
    }

    /// Returns true unless both endpoints are known and their servers differ.
    private func isSame(_ endpoint: String?, _ other: String?) -> Bool {
        guard let endpoint, let other else { return endpoint == nil && other == nil }
        return ServerIdentity.overlap(endpoint, other, resolver: network) != nil
    }
}
