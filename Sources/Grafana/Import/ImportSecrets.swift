/// The secrets for a restore, by the names of ``Withheld/secrets``: those of the configuration, and those that the backup
/// has of contact points.
package struct ImportSecrets: Sendable {
    private let values: [String: String]
    private let unavailable: [String: String]
    /// Of the backup; the configuration's count more.
    private var stored: [String: String] = [:]
    /// What a contact point gets in place of a secret that is not at hand; nil where it is rather not made.
    let placeholder: String?

    /// A placeholder that is a URL too, for where one is needed, of a host that never resolves (RFC 6761).
    package static let nowhere = "https://withheld.invalid/"

    /// - Parameters:
    ///   - values: by name; `organization/<id>/<name>` counts for that organisation of the backup only, and wins.
    ///   - unavailable: names that are configured but have no value now, and why: "environment variable 'X' is not set".
    package init(
        _ values: [String: String] = [:], unavailable: [String: String] = [:], placeholder: String? = nil
    ) {
        self.placeholder = placeholder
        self.values = values
        self.unavailable = unavailable
    }

    func value(_ name: String, organization: Int? = nil) -> String? {
        organization.flatMap { values["organization/\($0)/\(name)"] } ?? values[name]
    }

    /// With the secrets of a backup. In a drill, which has placeholders for them, they are not used: its contact points
    /// must not reach anybody.
    func adding(stored: [String: String]) -> ImportSecrets {
        guard placeholder == nil else { return self }
        var secrets = self
        secrets.stored = stored
        return secrets
    }

    /// The value that the backup has.
    func storedValue(_ name: String, organization: Int) -> String? { stored["organization/\(organization)/\(name)"] }

    /// Why a name that is configured has no value; nil where it is not configured, or has one.
    func obstacle(_ name: String, organization: Int? = nil) -> String? {
        organization.flatMap { unavailable["organization/\($0)/\(name)"] } ?? unavailable[name]
    }
}
