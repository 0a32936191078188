package import Components
package import Documents

/// An Alertmanager of the stack, as configured in `dr.yaml`.
package struct AlertmanagerComponent: Equatable, Sendable {
    package var access = HTTPAccess()
    /// Absolute path of the server's configuration file on this machine: only to find out if a backup holds it.
    package var configuration: String?
    /// Absolute path of the server's `--storage.path` on this machine: only to find out if a backup holds it.
    package var storage: String?

    package init() {}
}

extension AlertmanagerComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key(
                "config", \.configuration, as: .path,
                about: "The server's configuration file, which another component backs up: see 'dr gap'."),
            Key(
                "storage", \.storage, as: .path,
                about: "The server's --storage.path, where another component backs it up: see 'dr gap'."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) { access.validate(written, &reader) }
}
