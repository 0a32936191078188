internal import FoundationEssentials
internal import Components
package import RecoveryPlan

extension Evidence {
    /// Computes the evidence of a journal.
    /// - Parameter schema: that of the evidence; an earlier one to verify a report of an earlier version.
    /// - Throws: `JournalError` if the journal does not begin with a run.
    package init(
        _ reading: JournalReading, correctiveActions: [CorrectiveAction] = [], review: Review? = nil,
        schema: String = Evidence.schema
    ) throws {
        guard let record = reading.record, let clocks = RecoveryClocks(reading.lines) else {
            throw JournalError(.tampered, object: "journal", "it does not begin with a run")
        }
        let story = RunStory(reading, record, schema: schema)
        let judgement = ObjectivesJudgement(record, clocks, restored: story.restored, checks: story.checks)
        self.schema = schema
        kind = record.isDrill ? .drill : .recovery
        subject = Subject(record)
        self.clocks = Clocks(clocks, record)
        rto = TimeObjective(
            allowed: judgement.rto, from: judgement.rtoFrom.rawValue, sinceFailed: judgement.sinceFailed,
            sinceDeclared: judgement.sinceDeclared, sinceStarted: judgement.sinceStarted,
            forecast: record.forecast?.total, met: judgement.rtoMet)
        let forecast = record.forecast?.total
        var unforeseen: [String] = []
        // Older journals do not record the tolerance, and their evidence stays as it was.
        if let tolerance = record.forecastTolerance, let forecast, let actual = judgement.sinceStarted {
            rto.forecastError = actual - forecast.expected
            unforeseen = [forecast.deviation(actual, tolerance: tolerance)].compactMap { $0 }
        }
        rpo = LossObjective(judgement)
        steps = story.steps
        checks = story.checks
        negativeControl = story.negativeControl
        liveStack = story.liveStack
        (ledger, lottery) = (story.ledger, story.lottery)
        deviations = story.deviations + unforeseen
        self.correctiveActions = correctiveActions
        controls = schema == Evidence.firstSchema ? ControlFinding.labels : []
        journal = JournalReference(
            head: reading.lines.last?.digest ?? "", lines: reading.lines.map(\.text))
        (verdict, reasons) = story.verdict
        guard schema != Evidence.firstSchema else { return }
        self.review = review
        segregation = story.audit.map { Segregation($0, sets: Array(subject.allSets.keys)) }
        let end = reading.lines.last?.body.at ?? record.startedAt
        let facts = ControlFacts(
            at: end, history: [TestRecord(self, at: end)] + (story.audit?.history ?? []),
            components: story.audit?.components, declared: story.audit?.declared ?? AuditContext.Declarations(),
            actions: correctiveActions, review: review, plans: [subject.scenario: subject.planDigest])
        controls = ControlFinding.all(facts)
    }
}

extension Evidence.Subject {
    /// SHA-256 of the document of each restored set, by name.
    var allSets: [String: String] { [set: setDigest].merging(setDigests ?? [:]) { first, _ in first } }
}

extension Evidence.Subject {
    fileprivate init(_ record: RunRecord) {
        self.init(
            run: record.identity.id, stack: record.identity.stack, scenario: record.identity.scenario,
            procedure: record.procedure, components: record.components, set: record.identity.set,
            setDigest: record.setDigest, planDigest: record.planDigest, parameters: record.parameters,
            person: record.holder.person, host: record.holder.host, tool: record.tool)
        (sets, setDigests) = (record.sets, record.setDigests)
        bare = record.bare
        planChange = record.planChange.map(PlanChangeEvidence.init)
    }
}

extension Clocks {
    fileprivate init(_ clocks: RecoveryClocks, _ record: RunRecord) {
        self.init()
        failed = record.failedAt.map(Moment.text)
        detected = record.detectedAt.map(Moment.text)
        declared = record.declaredAt.map(Moment.text)
        started = Moment.text(clocks.started)
        targetReady = clocks.moment(clocks.targetReady).map(Moment.text)
        dataRestored = clocks.moment(clocks.dataRestored).map(Moment.text)
        validated = clocks.moment(clocks.validated).map(Moment.text)
    }
}

extension LossObjective {
    fileprivate init(_ judgement: ObjectivesJudgement) {
        self.init(
            allowed: judgement.rpo,
            components: judgement.losses.map { loss in
                Component(
                    component: loss.component,
                    newest: loss.isValidated
                        ? loss.newest.map { Moment.text(Date(timeIntervalSince1970: Double($0) / 1000)) } : nil,
                    loss: loss.isValidated ? loss.seconds : nil)
            }, worst: judgement.worstLoss, skew: judgement.skew, met: judgement.rpoMet)
    }
}

/// The course of the run, collected from the lines.
private struct RunStory {
    private(set) var steps: [StepEvidence] = []
    private(set) var checks: [CheckResult] = []
    private(set) var restored: [RestoredComponent] = []
    private(set) var negativeControl: NegativeControl?
    private(set) var deviations: [String] = []
    private(set) var ledger: LedgerBegin?
    private(set) var lottery: Lottery?
    private(set) var audit: AuditContext?
    private var live: [String: (before: String?, after: String?)] = [:]
    private var end: RunEnd?
    private let isDrill: Bool

    init(_ reading: JournalReading, _ record: RunRecord, schema: String) {
        isDrill = record.isDrill
        var timeline = RunTimeline(reading.lines)
        var byID: [String: StepEvidence] = [:]
        var order: [String] = []
        var records: [String: ActionRecord] = [:]
        func note(_ id: String, _ change: (inout StepEvidence) -> Void) {
            if byID[id] == nil {
                order.append(id)
                byID[id] = StepEvidence(
                    id: id, outcome: "not begun", attempts: 0, forecast: record.forecast?.steps[id])
            }
            byID[id].map {
                var step = $0
                change(&step)
                byID[id] = step
            }
        }
        for line in reading.lines {
            let seconds = timeline.seconds(line)
            switch line.body.event {
            case .runBegan: break
            case .runResumed(let holder):
                deviations.append("resumed by \(holder.person) on \(holder.host) at \(Moment.text(line.body.at))")
                end = nil
            case .stepBegan(let attempt):
                note(attempt.step) {
                    $0.about = attempt.about
                    $0.attempts = attempt.attempt
                    $0.began = $0.began ?? seconds
                    $0.outcome = "interrupted"
                }
            case .stepFinished(let result):
                records[result.step] = result.record
                note(result.step) {
                    $0.outcome = result.outcome == .cancelled ? "interrupted" : result.outcome.rawValue
                    $0.seconds = $0.began.map { max(0, seconds - $0) } ?? result.seconds
                    $0.summary = result.error ?? result.record?.summary
                }
            case .stepReproved(let step, let holds, let detail):
                guard !holds else { continue }
                deviations.append("step '\(step)' was done, no longer held, and was done again: \(detail ?? "")")
                records[step] = nil
                note(step) { $0.outcome = "interrupted" }
            case .stepSkipped(let step, let reason):
                note(step) {
                    $0.outcome = "skipped"
                    $0.summary = reason
                }
            case .rollbackBegan: break
            case .rollbackFinished(let step, let error):
                note(step) {
                    $0.outcome = error == nil ? "rolled back" : "rollback failed"
                    $0.summary = error ?? $0.summary
                }
            case .checksFinished(let results): checks = results
            case .noted(let text): deviations.append(text)
            case .reached, .remembered: break
            case .ledger(let begin): ledger = begin
            case .lottery(let drawn): lottery = lottery?.joined(with: drawn) ?? drawn
            case .audited(let context): audit = context
            case .negativeControl(let damage, let expected, let red, let noticed, let why):
                negativeControl = NegativeControl(
                    damage: damage, expected: expected, red: red, noticed: noticed, why: why)
            case .liveStack(let component, let isAfter, let digest):
                if isAfter {
                    live[component, default: (nil, nil)].after = digest
                } else {
                    live[component, default: (nil, nil)].before = digest
                }
            case .runFinished(let finished): end = finished
            }
        }
        for id in record.steps where byID[id] == nil { note(id) { _ in } }
        steps = order.compactMap { byID[$0] }
        restored = order.compactMap { id in byID[id]?.outcome == "done" ? records[id]?.restored : nil }
        if let end, end.verdict.isValidated, checks.isEmpty {
            deviations.append("the plan declares no checks: the postconditions of its steps are all that was looked at")
        }
        deviations += steps.flatMap { Self.deviations(of: $0, schema: schema) }
        deviations += restored.flatMap { part in part.warnings.map { "\(part.component): \($0)" } }
    }

    private static func deviations(of step: StepEvidence, schema: String) -> [String] {
        var found: [String] = []
        if step.attempts > 1 { found.append("step '\(step.id)' needed \(step.attempts) attempts") }
        // A lower bound is no promise of an end.
        if let forecast = step.forecast, !forecast.isLowerBound, let seconds = step.seconds,
            seconds > max(forecast.high, 1) * 1.2
        {
            // Reports of the first schema stay verifiable word by word.
            let verb = schema == Evidence.firstSchema ? "were" : "was"
            found.append(
                "step '\(step.id)' took longer than expected: \(Spell.seconds(seconds)), "
                    + "forecast \(verb) at most \(Spell.seconds(forecast.high))")
        }
        return found
    }

    var liveStack: LiveStackProof? {
        guard !live.isEmpty else { return nil }
        return LiveStackProof(
            components: live.sorted { $0.key < $1.key }.map {
                .init(
                    component: $0.key, before: $0.value.before ?? "not looked at",
                    after: $0.value.after ?? "not looked at")
            })
    }

    var verdict: (Evidence.Verdict, [String]) {
        guard let end else { return (isDrill ? .inconclusive : .failed, ["the run did not come to its end"]) }
        guard isDrill else { return (Evidence.Verdict(end.verdict), end.reasons) }
        if end.verdict == .interrupted { return (.inconclusive, end.reasons) }
        // No check looked at the stack, so the drill shows neither a recovery nor a failure.
        let nothingWasChecked = !checks.isEmpty && checks.allSatisfy { $0.verdict == .skipped }
        if end.verdict == .notValidated, nothingWasChecked { return (.inconclusive, end.reasons) }
        // A failed drill has shown that it can fail; one that passes needs the control run to show that.
        guard end.verdict == .recovered || end.verdict == .late else { return (.failed, end.reasons) }
        guard let negativeControl else {
            return (
                .inconclusive, end.reasons + ["there was no negative control: nothing shows that the drill can fail"]
            )
        }
        guard negativeControl.noticed else {
            return (
                .inconclusive,
                end.reasons + ["the negative control passed: \(negativeControl.damage), and nothing noticed it"]
            )
        }
        if let liveStack, !liveStack.isUntouched {
            return (.inconclusive, end.reasons + ["the live stack was not left alone"])
        }
        return (Evidence.Verdict(end.verdict), end.reasons)
    }
}

extension Evidence.Verdict {
    fileprivate init(_ verdict: RunEnd.Verdict) {
        self =
            switch verdict {
            case .recovered: .passed
            case .late: .late
            case .partial: .partial
            case .notValidated, .failed, .rolledBack, .interrupted: .failed
            }
    }
}
