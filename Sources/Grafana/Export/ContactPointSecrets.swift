/// The treatment of the secrets of contact points in an export. Grafana 10.1 and later show them to an Admin.
package enum ContactPointSecrets: Equatable, Sendable {
    /// Back them up, because the store is encrypted.
    case taken
    /// Keep them in Grafana, because every reader of the store could read them.
    case withheldUnencrypted
    /// Keep them in Grafana, as configured.
    case never

    static let advice =
        "name a certificate under `store: recipients:` to have them backed up encrypted, or set "
        + "`contact_point_secrets: never`"
    static let permission = "the credentials need role Admin, or the permission alert.provisioning.secrets:read"
}
