/// The host, account, network and credentials of a run: to compare where a backup was made with where it was restored.
///
/// Identities are hashes, so that the record of one host tells nothing about another. Networks are in plain text: an
/// auditor must be able to find them in a plan of the network, and the hash of an address range is easily guessed.
package struct RunProvenance: Codable, Equatable, Sendable {
    /// The host name.
    package var host: String
    /// A hash of the machine's id; nil if it has none, as in many containers.
    package var machine: String?
    /// A hash of the kernel's boot id, which all containers of a machine share.
    package var boot: String?
    /// The system account: "ada (uid 1000)".
    package var account: String
    /// The IPv4 networks of the interfaces with a default route: "10.0.3.0/24". Empty without one.
    package var networks: [String]
    /// A hash of the access key id of the store; nil for temporary credentials, and for a directory.
    package var credentials: String?
    /// The SHA-256 of the certificate of the signing key; nil without a key.
    package var signer: String?
    /// The roles that `dr.yaml` trusts that key for; nil if it trusts the key without limits.
    package var roles: [String]?

    package init(
        host: String, machine: String? = nil, boot: String? = nil, account: String, networks: [String] = [],
        credentials: String? = nil, signer: String? = nil, roles: [String]? = nil
    ) {
        self.host = host
        self.machine = machine
        self.boot = boot
        self.account = account
        self.networks = networks
        self.credentials = credentials
        self.signer = signer
        self.roles = roles
    }

    /// One line for a report.
    package var text: String {
        [
            "host \(host)", "account \(account)",
            "network \(networks.isEmpty ? "not known" : networks.joined(separator: ", "))",
            "store credentials \(credentials ?? "not comparable")",
            "signing key \(signer ?? "none")\(roles.map { " for \($0.joined(separator: ", "))" } ?? "")",
        ].joined(separator: "; ")
    }
}
