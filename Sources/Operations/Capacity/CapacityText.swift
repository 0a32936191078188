import Components
import Platform
import StackConfiguration
import Trends

extension ResourceOptions.Unit {
    /// An amount as text: "62.5%", "1.40 GiB/s".
    package func text(_ value: Double) -> String {
        switch self {
        case .ratio: "\(Units.fixed(Self.bounded(value * 100), 1))%"
        case .bytes: Units.bytes(Int(clamping: Self.bounded(value)))
        case .bytesPerSecond: "\(Units.bytes(Int(clamping: Self.bounded(value))))/s"
        case .perSecond: "\(Label.number(Self.bounded(value)))/s"
        case .count: Label.number(Self.bounded(value))
        }
    }

    /// Limits values that do not fit an integer, which a wrong expression may return.
    private static func bounded(_ value: Double) -> Double { min(max(value, -1e15), 1e15) }
}

extension CapacityReport {
    package var text: String {
        [[table.text], advice, notes].filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(
            separator: "\n\n")
    }

    /// The recommendations, most urgent first.
    private var advice: [String] {
        resources.compactMap { row -> (Urgency, String)? in
            guard let advice = row.recommendation, let urgency = Urgency(rawValue: row.urgency) else { return nil }
            return (urgency, "\(row.urgency): \(row.title): \(advice)")
        }.sorted { $0.0 > $1.0 }.map(\.1)
    }

    private var notes: [String] {
        resources.compactMap { row in row.note.map { "note: \(row.title): \($0)" } }
    }

    private var table: Table {
        var table = Table(
            [("RESOURCE", .left), ("NOW", .right), ("PER DAY", .right)]
                + Horizon.allCases.map { ("IN \($0.days) D", .right) }
                + [("WARNING", .right), ("CRITICAL", .right), ("SAMPLES", .right), ("URGENCY", .left)])
        for row in resources {
            let change = row.changePerDay.map { "\($0 < 0 ? "-" : "+")\(row.unit.text(abs($0)))" } ?? "-"
            let ahead = Horizon.allCases.map { horizon in
                row.forecasts.first { $0.days == horizon.days }.map { row.interval($0) } ?? "-"
            }
            table.add(
                [row.title, row.current.map(row.unit.text) ?? "-", change] + ahead
                    + [row.limit(row.warning), row.limit(row.critical), "\(row.samples)", row.urgency])
        }
        return table
    }

    /// - Parameter picture: the chart as SVG.
    package func page(picture: String) -> Page {
        Page(title: "Capacity", picture: picture, tables: [table], notes: advice + notes)
    }
}

extension CapacityReport.Row {
    /// "disk of host-1, /data".
    package var title: String {
        let values = labels.sorted { $0.key < $1.key }.map(\.value)
        return values.isEmpty ? name : "\(name) of \(values.joined(separator: ", "))"
    }

    fileprivate func interval(_ ahead: CapacityReport.Ahead) -> String {
        "\(unit.text(ahead.value)) (\(unit.text(ahead.low)) to \(unit.text(ahead.high)))"
    }

    fileprivate func limit(_ limit: CapacityReport.Limit?) -> String {
        guard let limit else { return "-" }
        guard let days = limit.inDays else {
            return unit.text(limit.value) + (forecasts.isEmpty ? "" : ": not within a year")
        }
        return days == 0 ? "\(unit.text(limit.value)): passed" : "\(unit.text(limit.value)) in \(days) d"
    }
}
