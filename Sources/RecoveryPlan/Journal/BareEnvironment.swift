/// The environment of a run on a machine without a configuration: everything that the run was given.
package struct BareEnvironment: Codable, Equatable, Sendable {
    /// The backup set whose configuration and plans the run used.
    package var configuration: String
    /// The system account of the run.
    package var user: String
    /// The host name.
    package var host: String
    /// The names of the environment variables.
    package var variables: [String]
    /// The SHA-256 fingerprints of the trusted signers; empty if the run trusted any set.
    package var trust: [String]
    /// True if the run had the recovery key.
    package var hasRecoveryKey: Bool

    package init(
        configuration: String, user: String, host: String, variables: [String], trust: [String], hasRecoveryKey: Bool
    ) {
        self.configuration = configuration
        self.user = user
        self.host = host
        self.variables = variables
        self.trust = trust
        self.hasRecoveryKey = hasRecoveryKey
    }

    /// One line for a report.
    package var text: String {
        var given = ["the address of the store"]
        if hasRecoveryKey { given.append("the recovery key") }
        given.append(trust.isEmpty ? "no trusted signer" : "the fingerprint \(trust.joined(separator: ", "))")
        given.append("the environment variables \(variables.joined(separator: ", "))")
        return "configuration and plans of set \(configuration), as user \(user) on host \(host), given only: "
            + given.joined(separator: "; ")
    }
}
