import Platform
package import RecoveryPlan

extension ForecastHistory {
    /// The text for `dr forecast history`.
    package var text: String {
        guard !outcomes.isEmpty else { return "\(scenario): never run or drilled on this host" }
        var table = Table([
            ("STARTED (UTC)", .left), ("KIND", .left), ("FORECAST", .right), ("50 % BAND", .left), ("90 % BAND", .left),
            ("ACTUAL", .right), ("ERROR", .right), ("SCORE", .right), ("", .left),
        ])
        for outcome in outcomes {
            func cell(_ band: TimeForecast.Band?, _ held: Bool?) -> String {
                guard let band else { return "-" }
                let range = "\(Units.duration(band.low)) to \(Units.duration(band.high))"
                return held.map { "\(range) \($0 ? "held" : "MISSED")" } ?? range
            }
            table.add([
                outcome.at, outcome.kind.rawValue, outcome.forecast.map { Units.duration($0.expected) } ?? "-",
                cell(outcome.forecast?.band50, outcome.held50), cell(outcome.forecast?.band90, outcome.held90),
                outcome.actual.map { Units.duration($0) } ?? "-", outcome.error.map(Self.signed) ?? "-",
                outcome.score.map { Units.duration($0) } ?? "-", outcome.note ?? "",
            ])
        }
        return ([table.text] + summaryLines).joined(separator: "\n")
    }

    /// One line for each kind of run; a line that says so if no run counts.
    package var summaryLines: [String] {
        summaries.isEmpty ? ["no run with a forecast and a measured time yet"] : summaries.map(\.text)
    }
}
