internal import Notifications

/// The notifications of a run in progress. Queueing a notification takes no time and cannot fail.
extension PlanRun {
    func notifyOfStart(isResumed: Bool) async {
        let summary = "recovery from set \(record.identity.set) \(isResumed ? "resumed" : "started")"
        await notify(.recoveryStarted, severity: .info, summary, facts: ["set": record.identity.set])
    }

    func notifyOfFailure(_ step: Step, _ result: StepResult) async {
        await notify(
            .stepFailed, severity: step.onFailure.isFatal ? .critical : .warning, "step '\(step.id)' failed",
            facts: ["step": step.id, "attempts": "\(result.attempt)"])
    }

    /// Records an alarm in the journal and sends a notification.
    ///
    /// If the journal cannot be written, the run stops at its next step, not here.
    func raise(_ alarm: ObjectiveWatch.Alarm) {
        try? journal.append(.noted(text: alarm.text))
        let scenario = record.identity.scenario
        Task {
            await notify(.objectiveAtRisk, severity: alarm.severity, "\(scenario): \(alarm.text)", facts: alarm.facts)
        }
    }

    private func notify(
        _ event: Notice.Event, severity: Notice.Severity, _ summary: String, facts: [String: String]
    ) async {
        await context.services.notify(
            Notice(
                event, severity: severity, at: context.services.now(), stack: record.identity.stack,
                scenario: record.identity.scenario, run: record.identity.id, summary: summary, facts: facts))
    }
}
