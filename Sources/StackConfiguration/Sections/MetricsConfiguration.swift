package import Components
package import Documents

/// The ways by which metrics leave the program; each is optional.
package struct MetricsConfiguration: Equatable, Sendable {
    /// The absolute path of a file for the node exporter's textfile collector.
    package var textfile: String?
    package var pushgateway: PushgatewayConfiguration?
    package var otlp: OTLPConfiguration?

    package init() {}

    package var isUsed: Bool { textfile != nil || pushgateway != nil || otlp != nil }
}

extension MetricsConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "textfile", \.textfile, as: .path,
            about: "File for the node exporter's textfile collector; its name must end in .prom."),
        Key("pushgateway", \.pushgateway, as: .section(), about: "Prometheus Pushgateway that gets the metrics."),
        Key("otlp", \.otlp, as: .section(), about: "OpenTelemetry collector that gets the metrics, by OTLP/HTTP."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if let textfile, !textfile.hasSuffix(".prom") {
            reader.complain(
                written["textfile"], "'textfile' must end in .prom", hint: "the textfile collector ignores other files")
        }
    }
}

package struct PushgatewayConfiguration: Equatable, Sendable {
    package var access = HTTPAccess()
    package var job = "dr"
    package var timeout = Period.seconds(10)

    package init() {}
}

extension PushgatewayConfiguration: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key("job", \.job, as: .identifier, about: "Value of the label 'job'. Default: dr."),
            Key("timeout", \.timeout, as: .period, about: "Time limit of a push. Default: 10s."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) { access.validate(written, &reader) }
}

package struct OTLPConfiguration: Equatable, Sendable {
    package var access = HTTPAccess()
    package var headers: [String: Secret] = [:]
    package var timeout = Period.seconds(10)

    package init() {}
}

extension OTLPConfiguration: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key("headers", \.headers, as: .headers, about: "Header fields of the request, such as X-Scope-OrgID."),
            Key("timeout", \.timeout, as: .period, about: "Time limit of a push. Default: 10s."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) { access.validate(written, &reader) }
}
