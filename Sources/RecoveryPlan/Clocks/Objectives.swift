internal import FoundationEssentials
package import Components

/// The results of a run, compared with its objectives.
package struct ObjectivesJudgement: Codable, Equatable, Sendable {
    /// The data loss of one component.
    package struct Loss: Codable, Equatable, Sendable {
        package var component: String
        /// The time of the newest restored data, in milliseconds since 1970; nil if it is not known.
        package var newest: Int?
        /// True if no critical check of the component failed.
        package var isValidated: Bool
        /// Seconds from the newest restored data to T0; 0 if the data are newer. Nil if their time is not known.
        package var seconds: Double?
    }

    /// Seconds until the run was validated; nil if it was not.
    package var sinceFailed: Double?
    package var sinceDeclared: Double?
    package var sinceStarted: Double?
    package var rto: Double?
    package var rtoFrom: RTOStart
    /// Nil if there is no objective, or the run was not validated.
    package var rtoMet: Bool?
    package var losses: [Loss]
    /// The largest data loss of the validated components, in seconds; nil if no component is validated.
    package var worstLoss: Double?
    /// Seconds between the oldest and the latest of the components' newest data.
    package var skew: Double?
    package var rpo: Double?
    /// Nil if there is no objective. A component that is not validated counts as lost.
    package var rpoMet: Bool?

    /// - Parameters:
    ///   - restored: the components that were restored.
    ///   - checks: the checks of the whole run.
    package init(
        _ record: RunRecord, _ clocks: RecoveryClocks, restored: [RestoredComponent], checks: [CheckResult]
    ) {
        rto = record.rto
        rpo = record.rpo
        rtoFrom = record.rtoFrom
        if let validated = clocks.validated {
            sinceFailed = clocks.since(.failed, validated)
            sinceDeclared = clocks.since(.declared, validated)
            sinceStarted = clocks.since(.started, validated)
            rtoMet = record.rto.map { clocks.since(record.rtoFrom, validated) <= $0 }
        }
        let failed = Set(checks.filter { $0.verdict == .failed && $0.isCritical }.compactMap(\.component))
        let failure = clocks.assumedFailure.timeIntervalSince1970
        // A plan may restore a component twice, such as first without its workloads.
        let last = Dictionary(restored.map { ($0.component, $0) }) { $1 }
        losses = last.values.sorted { $0.component < $1.component }.map {
            Loss(
                component: $0.component, newest: $0.newest, isValidated: !failed.contains($0.component),
                seconds: $0.newest.map { max(0, failure - Double($0) / 1000) })
        }
        worstLoss = losses.filter(\.isValidated).compactMap(\.seconds).max()
        let newest = losses.compactMap(\.newest)
        if let first = newest.min(), let last = newest.max(), newest.count > 1 { skew = Double(last - first) / 1000 }
        if let rpo, !losses.isEmpty {
            rpoMet = losses.allSatisfy(\.isValidated) && losses.allSatisfy { $0.seconds.map { $0 <= rpo } ?? false }
        }
    }
}
