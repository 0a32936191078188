internal import Documents
internal import FoundationEssentials

/// The part of a configuration that a failed run needs for its metrics.
private struct MetricsPart: Section {
    var configuration = Configuration()
    static let names: Set = ["stack", "state", "store", "metrics"]
    static let keys: [Key<Self>] = Configuration.keys.filter { names.contains($0.name) }.map {
        $0.within(\.configuration)
    }
}

extension ConfigurationFile {
    /// Reads the part of an invalid configuration that is needed to report the failure in the metrics.
    /// - Returns: nil if that part itself cannot be read, or another user may have written it.
    package static func metricsPart(of path: String) -> Configuration? {
        guard (try? DocumentError.refuseUntrusted(path)) != nil,
            let document = try? YAMLDocument(reading: path),
            let text = try? String(contentsOfFile: path, encoding: .utf8),
            let members = JSONValue.documents(ofYAML: text)?.first?.object
        else { return nil }
        let part = JSONValue.object(members.filter { MetricsPart.names.contains($0.key) })
        let json = String(decoding: part.compact, as: UTF8.self)
        let read = try? YAMLDocument(json, file: path, folder: document.folder).section(MetricsPart.self)
        guard let configuration = read?.configuration, configuration.metrics.isUsed else { return nil }
        return configuration
    }
}
