package import Components
package import Documents

/// A Grafana of the stack, as configured in `dr.yaml`.
package struct GrafanaComponent: Equatable, Sendable {
    package var access = HTTPAccess()
    /// Secrets for a restore, by the names that a manifest lists: "data-source/P1/basicAuthPassword".
    package var secrets: [String: Secret] = [:]
    /// The age of the oldest annotations to export.
    package var annotations = Period.days(90)
    /// True if the server admin may become a member of an organisation during the export.
    package var joinOrganizations = false
    package var contactPointSecrets = SecretsPolicy.encrypted
    /// True if an object without its secret is restored with a placeholder; only in a drill.
    package var withholdsSecrets = false

    /// The kind of store that the secrets of contact points, which Grafana shows to an Admin, are backed up to.
    package enum SecretsPolicy: String, CaseIterable, Sendable {
        /// Into an encrypted store only.
        case encrypted
        case never
    }

    package init() {}
}

extension GrafanaComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key(
                "secrets", \.secrets, as: .mapping(of: .secret),
                about:
                    "Secrets that Grafana never shows, for a restore: data-source/UID/FIELD, contact-point/UID/FIELD, "
                    + "user/LOGIN/password."),
            Key(
                "annotations", \.annotations, as: .period,
                about: "Age of the oldest annotations to export. Default: 90d."),
            Key(
                "join_organizations", \.joinOrganizations, as: .flag,
                about:
                    "Make the server admin a member of organisations that it does not belong to, during the export."
            ),
            Key(
                "contact_point_secrets", \.contactPointSecrets, as: .word(),
                about:
                    "Back up the secrets of contact points, which Grafana shows to an Admin, if the store is encrypted. "
                    + "Default: encrypted."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        access.validate(written, &reader)
        if joinOrganizations, access.password == nil {
            reader.complain(
                written["join_organizations"], "'join_organizations' needs 'username' and 'password' of a server admin")
        }
    }
}
