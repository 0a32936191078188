internal import Trends

/// Whether a scenario's recovery fits its RTO: today, and at the present growth.
package struct RecoveryOutlook: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case fits
        /// The upper end of the range is beyond the RTO.
        case mayPass = "may pass"
        /// What is expected is beyond the RTO.
        case passes
        case noData = "no data"
        /// Nobody has said what is allowed.
        case noObjective = "no objective"
    }

    /// One moment.
    package struct Point: Codable, Equatable, Sendable {
        /// From now.
        package var days: Int
        package var total: TimeForecast?
        /// As in ``RunForecast``.
        package var atLeast: Double?
        package var verdict: Verdict
        /// What is not known, and why.
        package var note: String?
    }

    package var scenario: String
    /// Seconds.
    package var rto: Double?
    /// Runs and drills behind it.
    package var runs: Int
    /// Today first, then by horizon.
    package var points: [Point]
    /// What can be done, for the first moment at which the RTO is passed or may be.
    package var recommendations: [Recommendation] = []

    /// The worst that is said of any moment.
    package var worst: Point? {
        points.first { $0.verdict == .passes } ?? points.first { $0.verdict == .mayPass }
    }

    /// - Parameters:
    ///   - sizes: by component.
    ///   - gap: why there are no sizes, where that has a reason.
    ///   - rto: seconds.
    ///   - now: seconds since 1970.
    package init(
        _ plan: Plan, _ times: StepTimes, sizes: [String: SizeHistory], gap: String? = nil, rto: Double?, now: Double
    ) {
        scenario = plan.scenario
        self.rto = rto
        runs = times.runs
        points = []
        let components = plan.steps.compactMap(\.wholeComponent)
        for horizon in [nil] + Horizon.allCases.map(Optional.some) {
            var found: [String: SizeForecast] = [:]
            var notes = gap.map { [$0] } ?? []
            for component in components where gap == nil {
                guard let history = sizes[component] else {
                    notes.append("\(component) is in no backup of the last 90 days")
                    continue
                }
                guard let horizon else {
                    found[component] = SizeForecast(history.newest)
                    continue
                }
                switch history.ahead(horizon, from: now) {
                case .known(let size): found[component] = size
                case .unknown(let reason): notes.append("\(component) \(reason)")
                }
            }
            let days = horizon?.days ?? 0
            guard days == 0 || notes.isEmpty else {
                points.append(Point(days: days, verdict: .noData, note: notes.first))
                continue
            }
            let forecast = times.forecast(plan, sizes: found)
            if !forecast.unknown.isEmpty { notes.append("not timed yet: \(forecast.unknown.joined(separator: ", "))") }
            let point = Point(
                days: days, total: forecast.total, atLeast: forecast.atLeast, verdict: Self.verdict(forecast, rto),
                note: notes.isEmpty ? nil : notes.joined(separator: "; "))
            points.append(point)
            guard let rto, recommendations.isEmpty, [.mayPass, .passes].contains(point.verdict) else { continue }
            let advice = RecoveryAdvice(
                plan: plan, times: times, forecast: forecast, sizes: found, rto: rto,
                isForUpperEnd: point.verdict == .mayPass)
            recommendations = advice.recommendations
        }
    }

    private static func verdict(_ forecast: RunForecast, _ rto: Double?) -> Verdict {
        guard let total = forecast.total else {
            guard let rto, let atLeast = forecast.atLeast, atLeast > rto else { return .noData }
            return .passes
        }
        guard let rto else { return .noObjective }
        return total.expected > rto ? .passes : total.high > rto ? .mayPass : .fits
    }
}
