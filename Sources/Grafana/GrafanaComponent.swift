package import Components
package import Documents

/// A Grafana of the stack, by its entry in `dr.yaml`.
package struct GrafanaComponent: Equatable, Sendable {
    package var access = HTTPAccess()
    /// Secrets for a restore, by the names that a manifest lists: "data-source/P1/basicAuthPassword".
    package var secrets: [String: Secret] = [:]
    /// How far back annotations are taken.
    package var annotations = Period.days(90)
    /// Whether the server admin may be made a member of an organisation for the time of the export.
    package var joinOrganizations = false
    package var contactPointSecrets = SecretsPolicy.encrypted
    /// Whether what has no secret comes back with a placeholder in its place; only in a drill.
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
                about: "What Grafana never shows, for a restore: data-source/UID/FIELD, contact-point/UID/FIELD, "
                    + "user/LOGIN/password."),
            Key(
                "annotations", \.annotations, as: .period,
                about: "How far back annotations are taken: 90d when left out."),
            Key(
                "join_organizations", \.joinOrganizations, as: .flag,
                about:
                    "Make the server admin a member of organisations that it does not belong to, for the time of the export."
            ),
            Key(
                "contact_point_secrets", \.contactPointSecrets, as: .word(),
                about:
                    "Back up the secrets of contact points, which Grafana shows to an Admin, if the store is encrypted; "
                    + "'encrypted' by default."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        access.validate(written, &reader)
        if joinOrganizations, access.password == nil {
            reader.complain(
                written["join_organizations"], "'join_organizations' needs 'username' and 'password' of a server admin")
        }
    }
}
