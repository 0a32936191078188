/// Metrics as text for a scrape, a textfile or a Pushgateway.
package enum MetricText {
    package enum Format: Sendable, CaseIterable {
        /// The text exposition format 0.0.4:
        /// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
        case prometheus
        /// OpenMetrics 1.0: https://prometheus.io/docs/specs/om/open_metrics_spec/
        case openMetrics

        package var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// Returns the format that a client asks for.
        /// - Parameter accept: the header field `Accept`; nil if the request has none.
        package static func negotiated(_ accept: String?) -> Format {
            guard let accept else { return .prometheus }
            var quality: [Format: Double] = [:]
            for part in accept.split(separator: ",") {
                let fields = part.split(separator: ";").map { $0.filter { $0 != " " } }
                guard let type = fields.first?.lowercased() else { continue }
                let weight = fields.dropFirst().first { $0.lowercased().hasPrefix("q=") }.flatMap {
                    Double($0.dropFirst(2))
                }
                let format: Format? =
                    switch type {
                    case "application/openmetrics-text": .openMetrics
                    case "text/plain", "text/*", "*/*": .prometheus
                    default: nil
                    }
                if let format { quality[format] = max(quality[format] ?? 0, weight ?? 1) }
            }
            let open = quality[.openMetrics] ?? 0
            return open > 0 && open >= quality[.prometheus] ?? 0 ? .openMetrics : .prometheus
        }
    }

    /// Returns the families that have samples, in their order.
    package static func text(_ families: [MetricFamily], _ format: Format = .prometheus) -> String {
        var lines: [String] = []
        for family in families where !family.samples.isEmpty {
            // OpenMetrics names the family of a counter without its suffix.
            let isCounter = family.kind == .counter
            let name =
                isCounter && format == .openMetrics && family.name.hasSuffix("_total")
                ? String(family.name.dropLast(6)) : family.name
            lines.append("# HELP \(name) \(escaped(family.help, quotes: format == .openMetrics))")
            lines.append("# TYPE \(name) \(family.kind.rawValue)")
            if format == .openMetrics, let unit = family.unit, name.hasSuffix("_\(unit)") {
                lines.append("# UNIT \(name) \(unit)")
            }
            for sample in family.samples { lines += self.lines(sample, of: family.name) }
        }
        if format == .openMetrics { lines.append("# EOF") }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ sample: MetricFamily.Sample, of name: String) -> [String] {
        switch sample.value {
        case .number(let value): return ["\(name)\(labels(sample.labels)) \(MetricNumber.text(value))"]
        case .histogram(let histogram):
            let bounds = histogram.bounds + [.infinity]
            return zip(bounds, histogram.cumulative).map { bound, count in
                "\(name)_bucket\(labels(sample.labels, le: MetricNumber.bound(bound))) \(count)"
            } + [
                "\(name)_sum\(labels(sample.labels)) \(MetricNumber.text(histogram.sum))",
                "\(name)_count\(labels(sample.labels)) \(histogram.count)",
            ]
        }
    }

    /// Labels in the order of their names, `stack` first and the bound of a bucket last.
    private static func labels(_ labels: [String: String], le bound: String? = nil) -> String {
        let sorted = labels.sorted { ($0.key == "stack" ? "" : $0.key) < ($1.key == "stack" ? "" : $1.key) }
        let texts =
            sorted.map { "\($0.key)=\"\(escaped($0.value, quotes: true))\"" } + (bound.map { ["le=\"\($0)\""] } ?? [])
        return texts.isEmpty ? "" : "{\(texts.joined(separator: ","))}"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
