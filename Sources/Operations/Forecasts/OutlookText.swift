package import Components
import Platform
package import RecoveryPlan

extension RecoveryOutlook {
    private var allowed: String { rto.map { Units.duration($0) } ?? "-" }

    /// The text for `dr plan show`: each date with its range, and recommendations.
    /// - Parameter kinds: the kinds of the components, by name.
    package func text(kinds: [String: any ComponentKind.Type]) -> [String] {
        var table = Table([
            ("  WHEN", .left), ("EXPECTED", .right), ("RANGE", .left), ("SAMPLES", .right), ("VERDICT", .left),
        ])
        for (index, point) in shown.enumerated() {
            let isForTheRest = index == shown.count - 1 && shown.count < points.count
            let note = point.note.map { ": \($0)" } ?? ""
            table.add([
                "  \(isForTheRest ? "from \(point.days) d" : point.name)", point.expected, point.total?.range ?? "-",
                point.total.map { "\($0.samples)" } ?? "-", point.verdict.rawValue + note,
            ])
        }
        let head =
            "FORECAST by \(runs == 1 ? "1 run or drill" : "\(runs) runs and drills") on this machine; allowed: \(allowed)"
        return [head] + table.text.split(separator: "\n").map(String.init)
            + recommendations.map { "  - \($0.text(kinds: kinds))" }
    }

    /// The dates to show: dates at the end without data for the same reason are shown once.
    private var shown: [Point] {
        let silent = points.reversed().prefix {
            $0.verdict == .noData && $0.atLeast == nil && $0.note == points.last?.note
        }
        return points.dropLast(max(0, silent.count - 1))
    }

    /// The warnings for `dr status`.
    package func warning(kinds: [String: any ComponentKind.Type]) -> [String] {
        guard let worst, let rto else { return [] }
        let time = worst.total?.text ?? worst.expected
        let words = worst.verdict == .passes ? "is expected to take" : "may take too long:"
        let line = "\(scenario): \(worst.name) its recovery \(words) \(time), allowed: \(Units.duration(rto))"
        return ["warning: \(line)"] + recommendations.map { "  - \($0.text(kinds: kinds))" }
    }

    /// The table for `dr status`, one row per recovery.
    package static func table(_ outlooks: [RecoveryOutlook]) -> String {
        let columns = outlooks.first?.points.map(\.name) ?? []
        var table = Table(
            [("RECOVERY", .left), ("RTO", .right)] + columns.map { ($0.uppercased(), .right) }
                + [("RUNS", .right), ("FORECAST", .left)])
        for outlook in outlooks {
            let verdict = outlook.worst ?? outlook.points.first
            table.add(
                [outlook.scenario, outlook.allowed] + outlook.points.map(\.cell)
                    + ["\(outlook.runs)", verdict?.verdict.rawValue ?? "-"])
        }
        return table.text
    }
}

extension RecoveryForecasts {
    package var text: String {
        let table = outlooks.isEmpty ? [] : [RecoveryOutlook.table(outlooks)]
        return (table + outlooks.flatMap { $0.warning(kinds: kinds) } + notes.map { "recovery forecast: \($0)" })
            .joined(separator: "\n")
    }
}

extension RecoveryOutlook.Point {
    fileprivate var name: String { days == 0 ? "today" : "in \(days) d" }
    fileprivate var expected: String {
        total.map { Units.duration($0.expected) } ?? atLeast.map { "at least \(Units.duration($0))" } ?? "-"
    }

    fileprivate var cell: String {
        guard let total, total.high > total.expected else { return expected == "-" ? "no data" : expected }
        return "\(expected) (to \(Units.duration(total.high)))"
    }
}
