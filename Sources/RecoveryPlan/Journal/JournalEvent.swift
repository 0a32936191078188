package import Foundation
package import Components

/// What a run notes, as it does it.
package enum JournalEvent: Codable, Equatable, Sendable {
    /// The first line of every journal.
    case runBegan(run: RunRecord)
    case runResumed(by: RunHolder)
    /// Written before anything of the attempt is done.
    case stepBegan(attempt: StepAttempt)
    case stepFinished(result: StepResult)
    /// A resumed run asked a finished step's postconditions again; where they no longer hold, the step is redone.
    case stepReproved(step: String, holds: Bool, detail: String?)
    case stepSkipped(step: String, reason: String)
    case reached(milestone: Milestone)
    case rollbackBegan(step: String)
    case rollbackFinished(step: String, error: String?)
    case checksFinished(checks: [CheckResult])
    /// Something that whoever reads the journal should know: a wall clock that jumped, an alarm.
    case noted(text: String)
    /// What a drill damaged on purpose, whether that was noticed, and what each that went red said of it.
    case negativeControl(damage: String, expected: [String], red: [String], noticed: Bool, why: [String]? = nil)
    /// A digest of a live component, before or after a drill.
    case liveStack(component: String, isAfter: Bool, digest: String)
    /// The last line, but for a run that is resumed later.
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
        case negativeControl = "negative_control"
        case liveStack = "live_stack"
        case runFinished = "run_finished"
    }
}

/// Moments on the way from the start to the end of a recovery.
package enum Milestone: String, Codable, Sendable {
    /// T4: everything before the first restore is done.
    case targetReady = "target_ready"
    /// T5: the last restore is done.
    case dataRestored = "data_restored"
    /// T6: the checks passed.
    case validated
}

/// Everything that fixes what a run is: what a resumed run is compared with.
package struct RunRecord: Codable, Equatable, Sendable {
    package var identity: RunIdentity
    package var isDrill: Bool
    package var procedure: String?
    /// SHA-256 of the plan's file, in hexadecimal.
    package var planDigest: String
    package var parameters: [String: String]
    /// SHA-256 of the set's document, in hexadecimal.
    package var setDigest: String
    /// By component the set that it is restored from, where not all come from `identity.set`, the newest of them.
    package var sets: [String: String]?
    /// SHA-256 of the documents of these sets, by their names.
    package var setDigests: [String: String]?
    package var components: [String]
    /// Ids of the plan's steps, in its order.
    package var steps: [String] = []
    package var tool: String
    package var holder: RunHolder
    /// Seconds.
    package var rto: Double?
    package var rpo: Double?
    package var rtoFrom: RTOStart
    /// T0 to T3; the first three as they were given, nil where they were not.
    package var failedAt: Date?
    package var detectedAt: Date?
    package var declaredAt: Date?
    package var startedAt: Date
    /// What the run was expected to take, from earlier ones.
    package var forecast: RunForecast?

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
}

/// Who carries a run out.
package struct RunHolder: Codable, Equatable, Sendable {
    package var person: String
    package var host: String
    package var process: Int
    /// The kernel's boot identity: readings of the monotonic clock compare within one.
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
    /// From 1.
    package var attempt: Int
    package var about: String?
    /// As ``Step/work``: only times of the same work say how long the next takes.
    package var work: String?

    package init(step: String, attempt: Int, about: String? = nil, work: String? = nil) {
        self.step = step
        self.attempt = attempt
        self.about = about
        self.work = work
    }
}

/// How one attempt at a step ended.
package struct StepResult: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case done, failed
        /// The run was interrupted or aborted meanwhile.
        case cancelled
    }

    package var step: String
    package var attempt: Int
    package var outcome: Outcome
    /// By the monotonic clock.
    package var seconds: Double
    package var record: ActionRecord?
    /// Why it failed.
    package var error: String?
    package var reason: ActionError.Reason?
    /// Whether another attempt follows.
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

/// How a run ended.
package struct RunEnd: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// Recovered and validated, every objective met.
        case recovered
        /// Recovered and validated, but late or with more loss than allowed.
        case late
        /// Validated, but a step that the plan can do without failed.
        case partial
        /// Done, but a critical check failed.
        case notValidated = "not_validated"
        case failed
        case rolledBack = "rolled_back"
        /// Cancelled; to be resumed.
        case interrupted

        /// Whether it counts as proved that the stack is back, in time or not.
        package var isValidated: Bool { self == .recovered || self == .late || self == .partial }
    }

    package var verdict: Verdict
    package var reasons: [String]

    package init(_ verdict: Verdict, reasons: [String]) {
        self.verdict = verdict
        self.reasons = reasons
    }

    /// Whether `--resume` goes on with such a run.
    package var isResumable: Bool {
        switch verdict {
        case .failed, .interrupted, .notValidated, .partial: true
        case .recovered, .late, .rolledBack: false
        }
    }
}
