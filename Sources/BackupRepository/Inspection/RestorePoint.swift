internal import Platform

/// What a restore gives, seen from a moment: how far the components are apart in time, and what would be lost if the
/// disaster were now.
package struct RestorePoint: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case ok
        /// More would be lost than the objective allows.
        case late
        /// Damaged or unreadable paths were skipped: what they held would be lost.
        case partial
        /// Nothing of it is in the set: all of it would be lost.
        case missing
        /// The component was empty when it was captured.
        case empty
        /// The time of the newest datum is not known, so neither is it known whether the objective is met.
        case unknown
        /// The newest datum is later than its capture, or than now: a clock was wrong.
        case future

        /// The higher the worse.
        fileprivate var weight: Int {
            switch self {
            case .ok: 0
            case .late: 1
            case .partial: 2
            case .unknown: 3
            case .future: 4
            case .empty: 5
            case .missing: 6
            }
        }
    }

    /// One component's newest datum.
    package struct Part: Codable, Equatable, Sendable {
        package enum Basis: String, Codable, Sendable {
            /// The newest datum's own time.
            case watermark
            /// The kind knows no newest datum: it has all that the component held at the capture.
            case capture
        }

        package var component: String
        /// The set that it comes from, where the components come from several.
        package var set: Timestamp?
        /// Milliseconds since 1970; nil where the component is missing or empty, or the time is not known.
        package var newestDatum: Int?
        package var basis: Basis?
        /// Of the newest datum: what was written in this time would be lost. Never below zero, for clocks differ.
        package var ageSeconds: Int?
        package var verdict: Verdict

        /// - Parameter tolerance: seconds that clocks may differ.
        package init(
            _ component: String, _ part: BackupSet.Component, now: Timestamp, rpo: Int?, tolerance: Int = 300
        ) {
            self.component = component
            newestDatum = part.newestDatum
            switch part.datum {
            case .empty?: verdict = .empty
            case .unknown?: verdict = rpo == nil ? .ok : .unknown
            case .future?, nil: verdict = part.files == 0 && part.datum == nil ? .empty : .ok
            }
            if verdict == .empty { newestDatum = nil }
            if verdict == .ok, part.damaged > 0 { verdict = .partial }
            guard let datum = newestDatum else { return }
            basis = part.watermark == nil ? .capture : .watermark
            let age = max(0, now.seconds.addingClamped(-(datum / 1000)))
            ageSeconds = age
            if part.datum == .future || datum / 1000 > now.seconds.addingClamped(tolerance) {
                verdict = .future
            } else if verdict == .ok, let rpo, age > rpo {
                verdict = .late
            }
        }

        fileprivate init(missing component: String) {
            self.component = component
            verdict = .missing
        }
    }

    /// By name; those that the set lacks included.
    package var components: [Part]
    /// Between the oldest and the newest of the components' newest data.
    package var skewSeconds: Int
    /// The component with the oldest datum, and the one with the newest; nil where the set holds nothing.
    package var oldest: String?
    package var newest: String?
    /// The true recovery point: the age of the oldest of the components' newest data. Nil where the set holds nothing.
    package var lossSeconds: Int?
    /// The loss that is allowed, in seconds; nil where the configuration names none.
    package var rpoSeconds: Int?
    /// The worst component's.
    package var verdict: Verdict

    /// Of one set.
    /// - Parameters:
    ///   - now: when the disaster happens.
    ///   - rpo: the loss of data that is allowed, in seconds.
    package init(_ set: BackupSet, now: Timestamp, rpo: Int?, tolerance: Int = 300) {
        let missing = Set(set.failed.keys).union(set.skipped).filter { set.components[$0] == nil }
        self.init(
            set.components.map { Part($0.key, $0.value, now: now, rpo: rpo, tolerance: tolerance) }, missing, rpo: rpo)
    }

    /// Of components that may come from several sets.
    package init(_ selection: RestoreSelection, now: Timestamp, rpo: Int?, tolerance: Int = 300) {
        let isMixed = selection.sets.count > 1
        let held = selection.parts.compactMap { component, part -> Part? in
            part.set.components[component].map { held in
                var line = Part(component, held, now: now, rpo: rpo, tolerance: tolerance)
                if isMixed { line.set = part.set.name }
                return line
            }
        }
        self.init(held, Set(selection.missing), rpo: rpo)
    }

    private init(_ held: [Part], _ missing: Set<String>, rpo: Int?) {
        // Of equal ones the first by name, so that two runs say the same.
        let byTime = held.filter { $0.newestDatum != nil }
            .sorted { ($0.newestDatum ?? 0, $0.component) < ($1.newestDatum ?? 0, $1.component) }
        components = (held + missing.map { Part(missing: $0) }).sorted { $0.component < $1.component }
        oldest = byTime.first?.component
        newest = byTime.last?.component
        skewSeconds = (byTime.last?.newestDatum ?? 0).subtractingClamped(byTime.first?.newestDatum ?? 0) / 1000
        lossSeconds = byTime.first?.ageSeconds
        rpoSeconds = rpo
        verdict = components.map(\.verdict).max { $0.weight < $1.weight } ?? .ok
    }
}

extension BackupSet.Component {
    /// Milliseconds since 1970; the capture's time where the kind knows no newest datum. Nil where there is no datum, or
    /// its time is not known.
    package var newestDatum: Int? {
        switch datum {
        case .empty?, .unknown?: nil
        case .future?, nil: files == 0 && watermark == nil ? nil : watermark ?? captured.milliseconds
        }
    }
}

extension Timestamp {
    /// Since 1970, or the nearest number that can be held.
    package var milliseconds: Int {
        let (value, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        return overflows ? (seconds > 0 ? .max : .min) : value
    }
}
