package import Components
package import Documents

/// A Prometheus of the stack, as configured in `dr.yaml`.
package struct PrometheusComponent: Equatable, Sendable {
    package var access = HTTPAccess()
    /// Absolute path of the server's `--storage.tsdb.path`, as mounted on this machine.
    package var data = ""
    /// True skips samples that are only in memory and in the write-ahead log: up to three hours of data.
    package var skipHead = false

    package init() {}
}

extension PrometheusComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key(
                "data", \.data, as: .path, required: true,
                about: "The server's --storage.tsdb.path, as mounted on this machine."),
            Key("skip_head", \.skipHead, as: .flag, about: "Skip the newest data, which are not in blocks yet."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        access.validate(written, &reader)
    }
}
