package import Components

/// One address that `dr init --discover` has looked at.
package struct DiscoveredServer: Encodable, Equatable, Sendable {
    package enum Verdict: String, Encodable, Sendable {
        /// The entry is active in dr.yaml.
        case usable
        /// The server is known, and a backup needs more than dr has found: the entry is a comment.
        case incomplete
        /// Another program answers.
        case other
        /// No answer.
        case absent
    }

    package var kind: String
    /// The name of the entry in dr.yaml; nil without an entry.
    package var component: String?
    package var url: String
    /// The reason for looking at the address: "usual port 9090", "unit name.service".
    package var origin: String
    package var verdict = Verdict.absent
    /// As the server reports it; nil for an unknown one.
    package var product: String?
    /// The reasons why the entry is not active.
    package var reasons: [String] = []
    package var settings: [RecognizedServer.Setting] = []
    /// Components of other kinds that hold a part of its data.
    package var companions: [RecognizedServer.Companion] = []

    package init(kind: String, url: String, origin: String) {
        self.kind = kind
        self.url = url
        self.origin = origin
    }

    private enum CodingKeys: String, CodingKey {
        case kind, component, url, origin, verdict, product, reasons, companions
    }
}
