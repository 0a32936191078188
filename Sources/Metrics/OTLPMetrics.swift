package import Documents

/// Metrics as an export request of the OpenTelemetry protocol, version 1, in its JSON encoding:
/// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
///
/// 64-bit integers are strings of digits there, and enumerations are numbers.
package enum OTLPMetrics {
    private static let cumulative: JSONValue = 2

    /// - Parameters:
    ///   - start: seconds since 1970 at which the counters began.
    ///   - now: seconds since 1970.
    package static func request(
        _ families: [MetricFamily], resource: [String: String], version: String, start: Int, now: Int
    ) -> JSONValue {
        let times = Times(start: nanoseconds(start), now: nanoseconds(now))
        let metrics = families.filter { !$0.samples.isEmpty }.map { metric($0, times) }
        return [
            "resourceMetrics": [
                [
                    "resource": ["attributes": attributes(resource)],
                    "scopeMetrics": [
                        ["scope": ["name": "dr", "version": .string(version)], "metrics": .array(metrics)]
                    ],
                ]
            ]
        ]
    }

    private struct Times {
        var start: JSONValue
        var now: JSONValue
    }

    private static func metric(_ family: MetricFamily, _ times: Times) -> JSONValue {
        var metric: [String: JSONValue] = [
            "name": .string(family.name), "description": .string(family.help),
            "unit": .string(unit(family.unit)),
        ]
        let points = family.samples.map { point($0, family.kind, times) }
        switch family.kind {
        case .gauge: metric["gauge"] = ["dataPoints": .array(points)]
        case .counter:
            metric["sum"] = [
                "dataPoints": .array(points), "aggregationTemporality": cumulative, "isMonotonic": true,
            ]
        case .histogram:
            metric["histogram"] = ["dataPoints": .array(points), "aggregationTemporality": cumulative]
        }
        return .object(metric)
    }

    private static func point(_ sample: MetricFamily.Sample, _ kind: MetricFamily.Kind, _ times: Times) -> JSONValue {
        var point: [String: JSONValue] = ["attributes": attributes(sample.labels), "timeUnixNano": times.now]
        if kind != .gauge { point["startTimeUnixNano"] = times.start }
        switch sample.value {
        case .number(let value): point["asDouble"] = number(value)
        case .histogram(let histogram):
            point["count"] = .string("\(histogram.count)")
            point["sum"] = number(histogram.sum)
            point["bucketCounts"] = .array(histogram.counts.map { .string("\($0)") })
            point["explicitBounds"] = .array(histogram.bounds.map { number($0) })
        }
        return .object(point)
    }

    private static func attributes(_ labels: [String: String]) -> JSONValue {
        .array(
            labels.sorted { $0.key < $1.key }.map {
                ["key": .string($0.key), "value": ["stringValue": .string($0.value)]]
            })
    }

    /// JSON has no NaN and no infinity; the protobuf mapping writes them as strings.
    private static func number(_ value: Double) -> JSONValue {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "Infinity" : "-Infinity" }
        return .number(MetricNumber.text(value))
    }

    private static func nanoseconds(_ seconds: Int) -> JSONValue { .string("\(max(0, seconds))000000000") }

    /// UCUM, which OpenTelemetry uses for units.
    private static func unit(_ unit: String?) -> String {
        switch unit {
        case "seconds": "s"
        case "bytes": "By"
        default: ""
        }
    }
}
