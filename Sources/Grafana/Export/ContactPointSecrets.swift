/// The choice what an export does with the secrets of contact points, which Grafana 10.1 and later show to an Admin.
package enum ContactPointSecrets: Equatable, Sendable {
    /// Take them, for the store is encrypted.
    case taken
    /// Leave them in Grafana, because every reader of the store could read them.
    case withheldUnencrypted
    /// Leave them in Grafana, as the configuration says.
    case never

    static let advice =
        "name a certificate under `store: recipients:` to have them backed up encrypted, or set "
        + "`contact_point_secrets: never`"
    static let permission = "the credentials need role Admin, or the permission alert.provisioning.secrets:read"
}
