internal import Platform

/// The result of a restore, assessed at a moment: the time differences between components, and the data that a disaster
/// at that moment would lose.
package struct RestorePoint: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case ok
        /// More data would be lost than the objective allows.
        case late
        /// Damaged or unreadable paths were skipped: their data would be lost.
        case partial
        /// The set holds no data of it: all of it would be lost.
        case missing
        /// The component was empty when it was captured.
        case empty
        /// The time of the newest datum is not known, so it is not known if the objective is met.
        case unknown
        /// The newest datum is later than its capture, or than the present time: a clock was wrong.
        case future

        /// A higher weight is worse.
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
            /// The kind does not record times of data: it has all data of the component at the time of the capture.
            case capture
        }

        package var component: String
        /// The set that holds it, if the components come from several sets.
        package var set: Timestamp?
        /// Milliseconds since 1970; nil if the component is missing or empty, or the time is not known.
        package var newestDatum: Int?
        package var basis: Basis?
        /// The age of the newest datum: data written in this time would be lost. Never below zero, because clocks
        /// differ.
        package var ageSeconds: Int?
        package var verdict: Verdict

        /// - Parameter tolerance: seconds by which clocks may differ.
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

    /// Sorted by name, including components that the set lacks.
    package var components: [Part]
    /// The time between the oldest and the newest of the components' newest data.
    package var skewSeconds: Int
    /// The component with the oldest datum, and the one with the newest; nil if the set holds no data.
    package var oldest: String?
    package var newest: String?
    /// The actual recovery point: the age of the oldest of the components' newest data. Nil if the set holds no data.
    package var lossSeconds: Int?
    /// The allowed loss in seconds; nil if the configuration sets none.
    package var rpoSeconds: Int?
    /// The verdict of the worst component.
    package var verdict: Verdict

    /// Creates the restore point of one set.
    /// - Parameters:
    ///   - now: the time of the disaster.
    ///   - rpo: the allowed loss of data in seconds.
    package init(_ set: BackupSet, now: Timestamp, rpo: Int?, tolerance: Int = 300) {
        let missing = Set(set.failed.keys).union(set.skipped).filter { set.components[$0] == nil }
        self.init(
            set.components.map { Part($0.key, $0.value, now: now, rpo: rpo, tolerance: tolerance) }, missing, rpo: rpo)
    }

    /// Creates the restore point of components that may come from several sets.
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
        // Equal ones are sorted by name, so that results are reproducible.
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
    /// Milliseconds since 1970; the time of the capture if the kind does not record times of data. Nil if there is no
    /// datum, or its time is not known.
    package var newestDatum: Int? {
        switch datum {
        case .empty?, .unknown?: nil
        case .future?, nil: files == 0 && watermark == nil ? nil : watermark ?? captured.milliseconds
        }
    }
}

extension Timestamp {
    /// Since 1970, or the nearest representable number.
    package var milliseconds: Int {
        let (value, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        return overflows ? (seconds > 0 ? .max : .min) : value
    }
}
