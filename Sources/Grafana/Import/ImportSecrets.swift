/// The secrets for a restore, by the names of ``Withheld/secrets``: those of the configuration, and those of contact
/// points in the backup.
package struct ImportSecrets: Sendable {
    private let values: [String: String]
    private let unavailable: [String: String]
    /// From the backup; those of the configuration take precedence.
    private var stored: [String: String] = [:]
    /// The value that a contact point gets instead of a missing secret; nil to skip the contact point.
    let placeholder: String?

    /// A placeholder that is also a URL, with a host that never resolves (RFC 6761).
    package static let nowhere = "https://withheld.invalid/"

    /// - Parameters:
    ///   - values: by name; `organization/<id>/<name>` counts for that organisation of the backup only, and takes
    ///     precedence.
    ///   - unavailable: configured names without a value, and the reason: "environment variable 'X' is not set".
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

    /// Adds the secrets of a backup. A drill, which uses placeholders, does not use them: its contact points must not
    /// notify any receiver.
    func adding(stored: [String: String]) -> ImportSecrets {
        guard placeholder == nil else { return self }
        var secrets = self
        secrets.stored = stored
        return secrets
    }

    /// The value from the backup.
    func storedValue(_ name: String, organization: Int) -> String? { stored["organization/\(organization)/\(name)"] }

    /// The reason why a configured name has no value; nil if it is not configured, or has one.
    func obstacle(_ name: String, organization: Int? = nil) -> String? {
        organization.flatMap { unavailable["organization/\($0)/\(name)"] } ?? unavailable[name]
    }
}
