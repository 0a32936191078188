package import BackupRepository
package import Components
package import Metrics
package import Notifications
import Documents
import ObjectStorage
import Platform
import StackConfiguration
import Synchronization

/// The metrics that a command collects while it works; its end writes them. Safe to use from many threads.
package final class RunFamilies: Sendable {
    /// The effect of a family on the samples of earlier runs.
    package enum Change: Sendable {
        /// All samples of the family are replaced.
        case replace(MetricFamily)
        /// Samples with the same labels are replaced.
        case merge(MetricFamily)
        /// The values are added to those with the same labels.
        case add(MetricFamily)
    }

    private let changes = Mutex([Change]())

    package init() {}

    package func note(_ change: Change) { changes.withLock { $0.append(change) } }

    /// The changes in their order.
    package var all: [Change] { changes.withLock { $0 } }

    /// True if a family of this metric was noted.
    package func has(_ definition: MetricDefinition) -> Bool {
        all.contains { change in
            switch change {
            case .replace(let family), .merge(let family), .add(let family): family.name == definition.name
            }
        }
    }
}

extension MetricBook {
    mutating func apply(_ change: RunFamilies.Change) {
        switch change {
        case .replace(let family): replace(family)
        case .merge(let family): merge(family)
        case .add(let family): add(family)
        }
    }
}

/// The samples of one stack.
struct StackSamples {
    let stack: String

    func one(_ definition: MetricDefinition, _ value: Double?, labels: [String: String] = [:]) -> MetricFamily {
        each(definition, value.map { [(labels, $0)] } ?? [])
    }

    func each(_ definition: MetricDefinition, _ values: [([String: String], Double)]) -> MetricFamily {
        definition.family(values.map { .init($0.0.merging(["stack": stack]) { $1 }, .number($0.1)) })
    }
}

extension Session {
    var samples: StackSamples { StackSamples(stack: configuration.stack) }

    /// True if this command writes metrics. A machine without a configuration has no place for them, and the metrics are
    /// about the first store.
    package var writesMetrics: Bool {
        configuration.metrics.isUsed && !isWithoutConfiguration && recorded == nil && !isOnCopy
    }

    package func note(_ delivery: DeliveryReport) {
        collected.note(
            .add(
                samples.each(
                    .notifications,
                    [
                        (["result": "delivered"], Double(delivery.delivered)),
                        (["result": "undelivered"], Double(delivery.undelivered.count)),
                    ])))
    }

    package func note(_ report: PruneReport) {
        guard !report.isDryRun else { return }
        let samples = samples
        for family in [
            samples.one(.pruneFrozen, report.frozen.isEmpty ? 0 : 1),
            samples.one(.pruneAnnounced, Double(report.sets.count { $0.fate == .announced })),
            samples.one(.pruneLocked, Double(report.locked.objects)),
            samples.one(.pruneRefused, Double(report.refused)),
        ] { collected.note(.replace(family)) }
        collected.note(.add(samples.one(.pruneRemovedSets, Double(report.removed.sets))))
        collected.note(.add(samples.one(.pruneRemovedBytes, Double(report.removed.bytes))))
    }

    /// - Parameter known: sets that an earlier, deeper verification found damaged.
    package func note(_ report: Verification.Report, known: Int) {
        let damaged = report.findings.count + report.untrusted.count + known
        collected.note(.replace(samples.one(.verifyFindings, Double(damaged))))
        collected.note(.add(samples.one(.verifyRead, Double(report.bytesRead))))
    }

    /// - Parameter isWhole: false if the report is on some components only; the series of the others then stay.
    package func note(_ report: HealthReport, isWhole: Bool) {
        let family = samples.each(
            .componentUp, report.components.map { (["component": $0.name], $0.status == "healthy" ? 1 : 0) })
        collected.note(isWhole ? .replace(family) : .merge(family))
    }

    package func note(_ report: ComplianceReport) {
        collected.note(
            .replace(
                samples.each(
                    .objectiveMet,
                    report.objectives.map { (["objective": $0.objective.rawValue], $0.isMet ? 1 : 0) })))
    }

    /// - Parameters:
    ///   - seconds: the recovery time; nil if none was measured.
    ///   - passed: of a drill; nil for a recovery.
    package func noteRecovery(_ scenario: String, seconds: Double?, rto: Double?, drillPassed passed: Bool?) {
        let labels = ["scenario": scenario]
        let type = ["run_type": passed == nil ? "recovery" : "drill"]
        var families = [
            samples.one(.recoveryDuration, seconds, labels: labels.merging(type) { $1 }),
            samples.one(.recoveryObjective, rto, labels: labels),
        ]
        if let passed {
            families.append(samples.one(.drillSuccess, passed ? 1 : 0, labels: labels))
            families.append(samples.one(.drillTime, Double(now().seconds), labels: labels))
        }
        for family in families { collected.note(.merge(family)) }
    }

    func noteObjectives() {
        let (objectives, limits) = (configuration.objectives, configuration.ready)
        for (definition, period) in [
            (MetricDefinition.rpo, objectives.rpo), (.rto, objectives.rto), (.verificationLimit, limits.verified),
            (.drillLimit, limits.drill),
        ] {
            let seconds = period.map { $0.duration / .seconds(1) }
            collected.note(.replace(samples.one(definition, seconds)))
        }
    }

    /// Notes the requests to the store so far.
    func noteStoreUse() {
        let use = storeUse.reading
        guard let isUp = use.isUp else { return }
        collected.note(.replace(samples.one(.storeUp, isUp ? 1 : 0)))
        func requests(_ counts: [StoreUse.Operation: Int], _ result: String) -> [([String: String], Double)] {
            counts.map { (["operation": $0.key.rawValue, "result": result], Double($0.value)) }
                .sorted { $0.0["operation"] ?? "" < $1.0["operation"] ?? "" }
        }
        collected.note(
            .add(samples.each(.storeRequests, requests(use.successes, "success") + requests(use.errors, "error"))))
        collected.note(.add(samples.one(.storeRetries, Double(use.retries))))
        collected.note(.add(samples.one(.storeReceived, Double(use.received))))
        collected.note(.add(samples.one(.storeSent, Double(use.sent))))
        let latencies = use.durations.sorted { $0.key.rawValue < $1.key.rawValue }.map { operation, histogram in
            MetricFamily.Sample(
                ["stack": configuration.stack, "operation": operation.rawValue], .histogram(histogram))
        }
        collected.note(.add(MetricDefinition.storeLatency.family(latencies)))
    }
}
