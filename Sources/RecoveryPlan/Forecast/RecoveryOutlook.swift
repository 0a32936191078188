internal import Trends

/// A forecast of a scenario's recovery time against its RTO, for today and for the current growth.
package struct RecoveryOutlook: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case fits
        /// The upper end of the range exceeds the RTO.
        case mayPass = "may pass"
        /// The expected time exceeds the RTO.
        case passes
        case noData = "no data"
        /// Neither the plan nor the configuration sets an RTO.
        case noObjective = "no objective"
    }

    /// The forecast for one day.
    package struct Point: Codable, Equatable, Sendable {
        /// Days from now.
        package var days: Int
        package var total: TimeForecast?
        /// See ``RunForecast/atLeast``.
        package var atLeast: Double?
        package var verdict: Verdict
        /// The unknown values and the reasons.
        package var note: String?
        /// The steps without an earlier time.
        package var unknown: [String] = []
        /// True if only earlier times of steps are unknown.
        package var lacksOnlySteps: Bool { !unknown.isEmpty && note == Self.note(about: unknown) }

        private enum CodingKeys: CodingKey { case days, total, atLeast, verdict, note }

        fileprivate static func note(about unknown: [String]) -> String {
            "no earlier time for: \(unknown.joined(separator: ", "))"
        }
    }

    package var scenario: String
    /// Seconds.
    package var rto: Double?
    /// The number of runs and drills that the forecast uses.
    package var runs: Int
    /// Today, then each horizon.
    package var points: [Point]
    /// Recommendations for the first point that exceeds the RTO or may exceed it.
    package var recommendations: [Recommendation] = []

    /// The first point that exceeds the RTO, otherwise the first point that may exceed it.
    package var worst: Point? {
        points.first { $0.verdict == .passes } ?? points.first { $0.verdict == .mayPass }
    }

    /// - Parameters:
    ///   - sizes: the size histories, by component.
    ///   - gap: the reason why there are no sizes, if there is one.
    ///   - cold: what the store must thaw first; nil if that is not known.
    ///   - rto: seconds.
    ///   - now: seconds since 1970.
    package init(
        _ plan: Plan, _ times: StepTimes, sizes: [String: SizeHistory], gap: String? = nil,
        cold: ColdComponents? = nil, rto: Double?, now: Double
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
                    notes.append("no backup of the last 90 days contains \(component)")
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
            let forecast = times.forecast(plan, sizes: found, cold: cold)
            if !forecast.unknown.isEmpty {
                notes.append(Point.note(about: forecast.unknown))
            }
            let point = Point(
                days: days, total: forecast.total, atLeast: forecast.atLeast, verdict: Self.verdict(forecast, rto),
                note: notes.isEmpty ? nil : notes.joined(separator: "; "), unknown: forecast.unknown)
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
