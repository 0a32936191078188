internal import Foundation
package import Components

/// What a run came to, held against its objectives.
package struct ObjectivesJudgement: Codable, Equatable, Sendable {
    /// One component's loss.
    package struct Loss: Codable, Equatable, Sendable {
        package var component: String
        /// Time of the newest restored datum, in milliseconds since 1970; nil where it is not known.
        package var newest: Int?
        /// No critical check of the component failed.
        package var isValidated: Bool
        /// Seconds from that datum to T0; 0 where the datum is younger. Nil where its time is not known.
        package var seconds: Double?
    }

    /// Seconds; nil where the run was not validated.
    package var sinceFailed: Double?
    package var sinceDeclared: Double?
    package var sinceStarted: Double?
    package var rto: Double?
    package var rtoFrom: RTOStart
    /// Nil where there is no objective, or the run was not validated.
    package var rtoMet: Bool?
    package var losses: [Loss]
    /// Seconds: the worst of the validated components' losses; nil where none is validated.
    package var worstLoss: Double?
    /// Seconds between the newest data of the components.
    package var skew: Double?
    package var rpo: Double?
    /// Nil where there is no objective. A component that is not validated has lost everything, as far as is known.
    package var rpoMet: Bool?

    /// - Parameters:
    ///   - restored: components whose restore is done.
    ///   - checks: of the whole run.
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
        losses = restored.sorted { $0.component < $1.component }.map {
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
