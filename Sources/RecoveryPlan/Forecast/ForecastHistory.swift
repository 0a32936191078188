internal import Platform
internal import Trends

/// The forecasts of a scenario's past runs, compared with the measured times: each forecast was made from the data before
/// its run.
package struct ForecastHistory: Encodable, Equatable, Sendable {
    /// The hits of one band.
    package struct Hits: Encodable, Equatable, Sendable {
        /// The share of hits that the band promises, 0...1.
        package var promised: Double
        package var hits: Int
        package var count: Int
        /// "consistent", "too narrow" or "too wide", by a binomial test at 5 %.
        package var verdict: String

        fileprivate init?(_ coverage: Coverage, _ held: [Bool]) {
            guard !held.isEmpty else { return nil }
            let rate = HitRate(coverage, held)
            promised = rate.promised
            hits = rate.hits
            count = rate.count
            verdict = rate.verdict.rawValue
        }

        package var isTooNarrow: Bool { verdict == HitRate.Verdict.tooNarrow.rawValue }

        package var text: String {
            "\(hits) of \(count) in the \(Units.fixed(promised * 100, 0)) % band"
                + (verdict == HitRate.Verdict.consistent.rawValue ? "" : ": \(verdict)")
        }
    }

    /// The summary of the runs of one kind.
    package struct Summary: Encodable, Equatable, Sendable {
        package var kind: RunKind
        /// The number of runs with a forecast and a measured time.
        package var runs: Int
        package var band50: Hits?
        package var band90: Hits?
        /// The whole range, which promises 95 % or more.
        package var range: Hits?
        /// The mean of the measured minus the expected seconds: above zero if the forecasts are too short.
        package var meanError: Double
        package var meanAbsoluteError: Double
        /// Seconds; nil without a forecast with bands.
        package var meanScore: Double?

        fileprivate init?(_ kind: RunKind, _ all: [ForecastOutcome]) {
            let outcomes = all.filter { $0.kind == kind && $0.counts }
            let errors = outcomes.compactMap(\.error), scores = outcomes.compactMap(\.score)
            guard let mean = Self.mean(errors), let absolute = Self.mean(errors.map(abs)) else { return nil }
            self.kind = kind
            runs = outcomes.count
            band50 = Hits(.half, outcomes.compactMap(\.held50))
            band90 = Hits(.ninety, outcomes.compactMap(\.held90))
            range = Hits(.ninetyFive, outcomes.compactMap(\.heldRange))
            meanError = mean
            meanAbsoluteError = absolute
            meanScore = Self.mean(scores)
        }

        private static func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }

        /// One line: `drills: 6 of 12 in the 50 % band, 11 of 12 in the 90 % band; mean error +3.0s, mean score 2.1s`.
        package var text: String {
            let name = kind == .drill ? "drill" : "recovery"
            let noun = runs == 1 ? "1 \(name)" : "\(runs) \(kind == .drill ? "drills" : "recoveries")"
            let bands = [band50, band90].compactMap { $0?.text }
            let held = bands.isEmpty ? "no forecast with bands yet" : bands.joined(separator: ", ")
            let score = meanScore.map { ", mean score \(Units.duration($0))" } ?? ""
            return "\(noun): \(held); mean error \(ForecastHistory.signed(meanError))\(score)"
        }
    }

    package var scenario: String
    /// The oldest first.
    package var outcomes: [ForecastOutcome]
    /// One for each kind of run with at least one run that counts.
    package var summaries: [Summary]

    /// - Parameter outcomes: of one scenario, in any order.
    package init(scenario: String, _ outcomes: [ForecastOutcome]) {
        self.scenario = scenario
        self.outcomes = outcomes.sorted { ($0.at, $0.run) < ($1.at, $1.run) }
        summaries = RunKind.allCases.compactMap { Summary($0, outcomes) }
    }

    package static func signed(_ seconds: Double) -> String {
        seconds < 0 ? "-\(Units.duration(-seconds))" : "+\(Units.duration(seconds))"
    }
}
