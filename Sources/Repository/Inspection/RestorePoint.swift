/// What a set brings back, seen from a moment: how far its components are apart in time, and what would be lost if
/// the disaster were now.
package struct RestorePoint: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case ok
        /// More would be lost than the objective allows.
        case late
        /// Nothing of it is in the set: all of it would be lost.
        case missing
    }

    /// One component's newest datum.
    package struct Part: Codable, Equatable, Sendable {
        package enum Basis: String, Codable, Sendable {
            /// The newest datum's own time.
            case watermark
            /// The kind knows no newest datum: what the component held when it was captured is all there.
            case capture
        }

        package var component: String
        /// Milliseconds since 1970; nil where the component is missing.
        package var newestDatum: Int?
        package var basis: Basis?
        /// Of the newest datum: what was written in this time would be lost. Never below zero, for clocks differ.
        package var ageSeconds: Int?
        package var verdict: Verdict

        package init(_ component: String, _ part: BackupSet.Component, now: Timestamp, rpo: Int?) {
            self.component = component
            let datum = part.watermark ?? part.captured.seconds * 1000
            newestDatum = datum
            basis = part.watermark == nil ? .capture : .watermark
            let age = max(0, now.seconds - datum / 1000)
            ageSeconds = age
            verdict = rpo.map { age > $0 } == true ? .late : .ok
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
    /// What is allowed; nil where the configuration names nothing.
    package var rpoSeconds: Int?
    /// The worst component's.
    package var verdict: Verdict

    /// - Parameters:
    ///   - now: when the disaster happens.
    ///   - rpo: the loss of data that is allowed, in seconds.
    package init(_ set: BackupSet, now: Timestamp, rpo: Int?) {
        let held = set.components.map { Part($0.key, $0.value, now: now, rpo: rpo) }
        let missing = set.failed.keys.filter { set.components[$0] == nil }.map { Part(missing: $0) }
        // Of equal ones the first by name, so that two runs say the same.
        let byTime = held.sorted { ($0.newestDatum ?? 0, $0.component) < ($1.newestDatum ?? 0, $1.component) }
        components = (held + missing).sorted { $0.component < $1.component }
        oldest = byTime.first?.component
        newest = byTime.last?.component
        skewSeconds = ((byTime.last?.newestDatum ?? 0) - (byTime.first?.newestDatum ?? 0)) / 1000
        lossSeconds = byTime.first?.ageSeconds
        rpoSeconds = rpo
        verdict = !missing.isEmpty ? .missing : held.contains { $0.verdict == .late } ? .late : .ok
    }
}
