import Platform
import RecoveryPlan

extension ReadinessRow {
    /// The number of days ahead within which an exceeded RTO counts: time to act before it happens.
    private static let horizon = 90

    /// The parts of a plan that a forecast adds up.
    struct PlanParts: Equatable {
        /// The number of steps, and one for the checks after them.
        var count = 0
        /// The steps that the newest drill of the same plan did not have.
        var skippedInDrills: Set<String> = []
    }

    /// Compares the forecast of a recovery with the RTO.
    static func forecast(
        _ outlook: RecoveryOutlook?, of parts: PlanParts = PlanParts(), scenario: String
    ) -> ReadinessRow {
        let remedy = "dr plan show \(scenario)"
        guard let outlook, let today = outlook.points.first else {
            return ReadinessRow(
                .forecast, is: .amber, "no forecast: the plan was never run or drilled on this host",
                remedy: "dr drill --scenario \(scenario)")
        }
        let allowed = outlook.rto.map { "RTO \(Units.duration($0))" } ?? "no RTO is set"
        let time = today.total?.text ?? today.atLeast.map { "at least \(Units.duration($0))" } ?? "unknown"
        func row(_ status: Status, _ words: String) -> ReadinessRow {
            ReadinessRow(.forecast, is: status, words, remedy: remedy)
        }
        switch today.verdict {
        case .noObjective:
            return ReadinessRow(
                .forecast, is: .amber, "\(time); \(allowed)", remedy: "set 'objectives: {rto: 4h}' in dr.yaml")
        case .noData: return incomplete(outlook, today, of: parts, scenario: scenario)
        case .passes: return row(.red, "\(time), longer than the \(allowed)")
        case .mayPass: return row(.amber, "\(time), possibly longer than the \(allowed)")
        case .fits: break
        }
        let later = outlook.points.first { $0.days > 0 && $0.days <= Self.horizon && $0.verdict == .passes }
        guard let later else { return row(.green, "\(time), \(allowed)") }
        return row(
            .amber,
            "\(time), \(allowed), but in \(later.days) days "
                + "\(later.total.map { Units.duration($0.expected) } ?? "longer than that")")
    }

    /// Judges a forecast that lacks the times of some steps.
    private static func incomplete(
        _ outlook: RecoveryOutlook, _ today: RecoveryOutlook.Point, of parts: PlanParts, scenario: String
    ) -> ReadinessRow {
        let time = today.atLeast.map { "at least \(Units.duration($0))" } ?? "unknown"
        let isSkipped = today.lacksOnlySteps && parts.skippedInDrills.isSuperset(of: today.unknown)
        let known = max(0, parts.count - today.unknown.count)
        let count = parts.count > 0 && today.atLeast != nil ? " (\(known) of \(parts.count) steps known)" : ""
        let gap =
            isSkipped
            ? "without steps that drills skip: \(today.unknown.joined(separator: ", "))" : today.note ?? "no data"
        guard let rto = outlook.rto else {
            return ReadinessRow(
                .forecast, is: .amber, "\(time)\(count); \(gap); no RTO is set",
                remedy: "set 'objectives: {rto: 4h}' in dr.yaml")
        }
        let text = "\(time)\(count), RTO \(Units.duration(rto)); \(gap)"
        guard isSkipped, let atLeast = today.atLeast else {
            return ReadinessRow(.forecast, is: .amber, text, remedy: "dr drill --scenario \(scenario)")
        }
        // The other half of the RTO is for the steps without a time.
        let ahead = outlook.points.filter { $0.days <= horizon }.compactMap(\.atLeast).max() ?? atLeast
        guard max(atLeast, ahead) > rto / 2 else { return ReadinessRow(.forecast, is: .green, text) }
        return ReadinessRow(
            .forecast, is: .amber, "\(text); more than half of the RTO without them",
            remedy: "let drills do these steps too (drill: parameters: in dr.yaml)")
    }

    /// Judges how well the forecasts of earlier runs agreed with the measured times.
    /// - Parameter tolerance: the largest accepted factor between both.
    static func forecastAccuracy(_ history: ForecastHistory, tolerance: Double) -> ReadinessRow {
        let remedy = "dr forecast history \(history.scenario)"
        guard let newest = history.outcomes.last(where: \.counts), let forecast = newest.forecast,
            let actual = newest.actual
        else {
            return ReadinessRow(.forecastAccuracy, is: .notApplicable, "no run with a forecast and a measured time")
        }
        if let deviation = forecast.deviation(actual, tolerance: tolerance) {
            return ReadinessRow(
                .forecastAccuracy, is: .amber, "newest \(newest.kind.rawValue): \(deviation)", remedy: remedy)
        }
        let narrow = history.summaries.first { $0.isTooNarrow }
        if let narrow {
            return ReadinessRow(.forecastAccuracy, is: .amber, narrow.text, remedy: remedy)
        }
        return ReadinessRow(
            .forecastAccuracy, is: .green,
            "newest \(newest.kind.rawValue): \(Units.duration(actual)), expected \(Units.duration(forecast.expected))")
    }
}

extension ForecastHistory.Summary {
    /// True if a band held less often than it promises, by more than chance explains.
    fileprivate var isTooNarrow: Bool { [band50, band90].contains { $0?.isTooNarrow == true } }
}
