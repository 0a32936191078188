package import FoundationEssentials
package import Components

/// An event that a run records in its journal.
package enum JournalEvent: Codable, Equatable, Sendable {
    /// The first line of every journal.
    case runBegan(run: RunRecord)
    case runResumed(by: RunHolder)
    /// Written before the attempt starts.
    case stepBegan(attempt: StepAttempt)
    case stepFinished(result: StepResult)
    /// A resumed run verified a finished step's postconditions again. If they no longer hold, the step runs again.
    case stepReproved(step: String, holds: Bool, detail: String?)
    case stepSkipped(step: String, reason: String)
    case reached(milestone: Milestone)
    case rollbackBegan(step: String)
    case rollbackFinished(step: String, error: String?)
    case checksFinished(checks: [CheckResult])
    /// A remark for the reader of the journal: a jump of the wall clock, or an alarm.
    case noted(text: String)
    /// A value that a resumed run needs, such as the replicas of a workload before the run scaled it to 0. Written
    /// before the change that it describes.
    case remembered(name: String, value: String)
    /// The damage that a drill injected, the checks that were expected to fail, and the checks that did, with reasons.
    case negativeControl(damage: String, expected: [String], red: [String], noticed: Bool, why: [String]? = nil)
    /// A digest of a live component, before or after a drill.
    case liveStack(component: String, isAfter: Bool, digest: String)
    /// The place of the run in the ledger.
    case ledger(begin: LedgerBegin)
    /// The seed and the draws of a drill. A later line has the further draws of the same seed.
    case lottery(lottery: Lottery)
    /// The facts around the run that its evidence needs.
    case audited(context: AuditContext)
    /// The last line, unless the run is resumed later.
    case runFinished(end: RunEnd)

    enum CodingKeys: String, CodingKey {
        case runBegan = "run_began"
        case runResumed = "run_resumed"
        case stepBegan = "step_began"
        case stepFinished = "step_finished"
        case stepReproved = "step_reproved"
        case stepSkipped = "step_skipped"
        case reached
        case rollbackBegan = "rollback_began"
        case rollbackFinished = "rollback_finished"
        case checksFinished = "checks_finished"
        case noted
        case remembered
        case negativeControl = "negative_control"
        case liveStack = "live_stack"
        case ledger
        case lottery
        case audited
        case runFinished = "run_finished"
    }
}

/// A milestone of a recovery.
package enum Milestone: String, Codable, Sendable {
    /// T4: all steps before the first restore are finished.
    case targetReady = "target_ready"
    /// T5: the last restore is finished.
    case dataRestored = "data_restored"
    /// T6: the checks passed.
    case validated
}

/// The two kinds of runs of a plan.
package enum RunKind: String, Codable, CaseIterable, Sendable {
    /// On the stack itself.
    case recovery
    /// In isolation.
    case drill
}

/// The definition of a run. A resumed run is compared with it.
package struct RunRecord: Codable, Equatable, Sendable {
    package var identity: RunIdentity
    package var isDrill: Bool
    package var procedure: String?
    /// SHA-256 of the plan's file, in hexadecimal.
    package var planDigest: String
    package var parameters: [String: String]
    /// SHA-256 of the set's document, in hexadecimal.
    package var setDigest: String
    /// The backup set of each component, if they are not all restored from `identity.set`, the newest one.
    package var sets: [String: String]?
    /// SHA-256 of the documents of these sets, by set name.
    package var setDigests: [String: String]?
    package var components: [String]
    /// The components of the sets that a plan for the whole stack does not restore; nil without any.
    package var unrestored: [String]?
    /// Ids of the plan's steps, in its order.
    package var steps: [String] = []
    /// The steps that each step needs, by id; nil in journals that do not record it.
    package var needs: [String: [String]]?
    package var tool: String
    package var holder: RunHolder
    /// Seconds.
    package var rto: Double?
    package var rpo: Double?
    package var rtoFrom: RTOStart
    /// T0, as the operator gave it; nil if it was not given.
    package var failedAt: Date?
    /// T1, as the operator gave it.
    package var detectedAt: Date?
    /// T2, as the operator gave it.
    package var declaredAt: Date?
    /// T3.
    package var startedAt: Date
    /// The forecast of the run's duration, from earlier runs.
    package var forecast: RunForecast?
    /// The factor between forecast and measured time above which the report has a deviation.
    package var forecastTolerance: Double?
    /// The parts of the plan, to compare it with that of other runs.
    package var outline: PlanOutline?
    /// The last test of the scenario before this run, and the changes of the plan since then.
    package var planChange: PlanChange?
    /// The environment of a run without a configuration; nil for a run with one.
    package var bare: BareEnvironment?

    package init(
        identity: RunIdentity, isDrill: Bool, procedure: String?, planDigest: String, parameters: [String: String],
        setDigest: String, components: [String], tool: String, holder: RunHolder, startedAt: Date
    ) {
        self.identity = identity
        self.isDrill = isDrill
        self.procedure = procedure
        self.planDigest = planDigest
        self.parameters = parameters
        self.setDigest = setDigest
        self.components = components
        self.tool = tool
        self.holder = holder
        self.startedAt = startedAt
        rtoFrom = .declared
    }

    package var kind: RunKind { isDrill ? .drill : .recovery }
}

/// The person and the process that execute a run.
package struct RunHolder: Codable, Equatable, Sendable {
    package var person: String
    package var host: String
    package var process: Int
    /// The kernel's boot ID: readings of the monotonic clock are comparable only within one boot.
    package var boot: String

    package init(person: String, host: String, process: Int, boot: String) {
        self.person = person
        self.host = host
        self.process = process
        self.boot = boot
    }
}

package struct StepAttempt: Codable, Equatable, Sendable {
    package var step: String
    /// The number of the attempt, from 1.
    package var attempt: Int
    package var about: String?
    /// See ``Step/work``: only times of the same work are used in forecasts.
    package var work: String?

    package init(step: String, attempt: Int, about: String? = nil, work: String? = nil) {
        self.step = step
        self.attempt = attempt
        self.about = about
        self.work = work
    }
}

/// The result of one attempt at a step.
package struct StepResult: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case done, failed
        /// The run was interrupted or aborted during the attempt.
        case cancelled
    }

    package var step: String
    package var attempt: Int
    package var outcome: Outcome
    /// The duration by the monotonic clock.
    package var seconds: Double
    package var record: ActionRecord?
    /// The reason of the failure.
    package var error: String?
    package var reason: ActionError.Reason?
    /// True if another attempt follows.
    package var isRetried: Bool

    package init(
        step: String, attempt: Int, outcome: Outcome, seconds: Double, record: ActionRecord? = nil,
        error: String? = nil, reason: ActionError.Reason? = nil, isRetried: Bool = false
    ) {
        self.step = step
        self.attempt = attempt
        self.outcome = outcome
        self.seconds = seconds
        self.record = record
        self.error = error
        self.reason = reason
        self.isRetried = isRetried
    }
}

/// The end of a run.
package struct RunEnd: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// Recovered and validated; all objectives are met.
        case recovered
        /// Recovered and validated, but the RTO or the RPO is exceeded.
        case late
        /// Validated, but a step with `on_failure: continue` failed.
        case partial
        /// All steps finished, but a critical check failed.
        case notValidated = "not_validated"
        case failed
        case rolledBack = "rolled_back"
        /// Cancelled; the run can be resumed.
        case interrupted

        /// True if the recovery is validated, within its objectives or not.
        package var isValidated: Bool { self == .recovered || self == .late || self == .partial }
    }

    package var verdict: Verdict
    package var reasons: [String]

    package init(_ verdict: Verdict, reasons: [String]) {
        self.verdict = verdict
        self.reasons = reasons
    }

    /// True if `--resume` accepts such a run.
    package var isResumable: Bool {
        switch verdict {
        case .failed, .interrupted, .notValidated, .partial: true
        case .recovered, .late, .rolledBack: false
        }
    }
}
