package import Documents

/// Settings of a component of kind `prometheus`.
package struct PrometheusOptions: ComponentOptions {
    package static let kind = "prometheus"

    package var server = HTTPAccess()
    /// Absolute path of the server's `--storage.tsdb.path`, as this machine sees it.
    package var data = ""
    /// Leave out what is only in memory and in the write-ahead log, which costs up to three hours of data.
    package var skipHead = false

    package init() {}

    package func relocated(to place: Relocation) -> Self? {
        guard place.url != nil else { return nil }
        var options = self
        options.server.relocate(place)
        options.data = place.data
        return options
    }
}

extension PrometheusOptions: ComponentSection {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.server) } + [
            Key(
                "data", \.data, as: .path, required: true,
                about: "The server's --storage.tsdb.path, as this machine sees it."),
            Key("skip_head", \.skipHead, as: .flag, about: "Leave out the newest data, which are not in blocks yet."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        server.validate(written, &reader)
    }
}
