internal import Notifications

/// What people outside hear of a run as it goes on. Handing a notice over takes no time and cannot fail.
extension PlanRun {
    func tellOfBeginning(isResumed: Bool) async {
        let what = "recovery \(isResumed ? "goes on" : "started") from set \(record.identity.set)"
        await tell(.recoveryStarted, .info, what, ["set": record.identity.set])
    }

    func tellOfFailure(_ step: Step, _ result: StepResult) async {
        await tell(
            .stepFailed, step.onFailure == .continue ? .warning : .critical, "step '\(step.id)' failed",
            ["step": step.id, "attempts": "\(result.attempt)"])
    }

    /// Notes an alarm and tells people. That it cannot be noted stops the run at its next move, not here.
    func raise(_ alarm: ObjectiveWatch.Alarm) {
        try? journal.append(.noted(text: alarm.text))
        let scenario = record.identity.scenario
        Task { await tell(.objectiveAtRisk, alarm.severity, "\(scenario): \(alarm.text)", alarm.facts) }
    }

    private func tell(
        _ event: Notice.Event, _ severity: Notice.Severity, _ summary: String, _ facts: [String: String]
    ) async {
        await context.services.notify(
            Notice(
                event, severity: severity, at: context.services.now(), stack: record.identity.stack,
                scenario: record.identity.scenario, run: record.identity.id, summary: summary, facts: facts))
    }
}
