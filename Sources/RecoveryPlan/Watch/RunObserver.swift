internal import Components
internal import Platform

/// Follows a run: takes the events of its journal in order and keeps the state that displays show.
package struct RunObserver: Sendable {
    /// The state after the last event.
    package private(set) var run: WatchedRun
    private var index: [String: Int]
    /// Every so many events add a point to the burn-down; doubles when there are too many points.
    private var stride = 1
    private var events = 0

    package init(_ record: RunRecord) {
        run = WatchedRun(record)
        index = Self.index(of: run)
        sample(at: 0, always: true)
    }

    private static func index(of run: WatchedRun) -> [String: Int] {
        Dictionary(run.steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    /// - Parameters:
    ///   - seconds: the time of the event, in seconds since the start of the run.
    ///   - wall: the time of the event in seconds since 1970.
    package mutating func observe(_ event: JournalEvent, at seconds: Double, wall: Double) {
        run.elapsed = max(run.elapsed, seconds)
        run.heardAt = wall
        log(event, at: seconds)
        switch event {
        case .runBegan: break
        case .runResumed(let holder):
            run.end = nil
            run.person = holder.person
            run.host = holder.host
            run.process = holder.process
            run.boot = holder.boot
            // A step that the earlier process did not finish runs again.
            for index in run.steps.indices
            where !run.steps[index].state.isSettled || run.steps[index].state == .failed
                || run.steps[index].state == .skipped
            {
                run.steps[index].state = .waiting
                run.steps[index].began = nil
                run.steps[index].ended = nil
            }
        case .stepBegan(let attempt):
            change(attempt.step) { step in
                step.state = .running
                step.attempt = attempt.attempt
                step.about = attempt.about ?? step.about
                step.work = attempt.work ?? step.work
                step.began = seconds
                step.ended = nil
            }
        case .stepFinished(let result): change(result.step) { $0.finish(result, at: seconds) }
        case .stepReproved(let step, let holds, let detail):
            change(step) { step in
                step.state = holds ? .done : .waiting
                step.remark = holds ? nil : detail.map { "its postconditions no longer hold: \($0)" }
            }
        case .stepSkipped(let step, let reason):
            change(step) { step in
                step.state = .skipped
                step.remark = reason
            }
        case .rollbackBegan(let step):
            change(step) { step in
                step.state = .rollingBack
                step.began = seconds
                step.ended = nil
            }
        case .rollbackFinished(let step, let error):
            change(step) { step in
                step.state = error == nil ? .rolledBack : .failed
                step.ended = seconds
                step.remark = error.map { "rollback failed: \($0)" } ?? step.remark
            }
        case .reached(let milestone): if !run.milestones.contains(milestone) { run.milestones.append(milestone) }
        case .checksFinished(let checks):
            let failed = checks.filter { $0.verdict == .failed }
            run.checksFailed = failed.count
            run.checksPassed = checks.count { $0.verdict == .passed }
            run.failedChecks = failed.prefix(WatchedRun.mostNeeds).map(\.name)
        case .runFinished(let end): run.end = end
        case .noted, .remembered, .negativeControl, .liveStack, .ledger, .lottery, .audited: break
        }
        sample(at: seconds, always: false)
        run = run.boundedAfterEvent()
    }

    private mutating func change(_ step: String, _ body: (inout WatchedStep) -> Void) {
        if index[step] == nil {
            // The plan changed before the run was resumed, or the journal does not list its steps.
            guard run.steps.count < WatchedRun.mostSteps else { return }
            index[step] = run.steps.count
            run.steps.append(WatchedStep(step))
        }
        guard let index = index[step] else { return }
        body(&run.steps[index])
    }

    private mutating func log(_ event: JournalEvent, at seconds: Double) {
        guard let text = RunLine.text(event) else { return }
        let isUrgent =
            switch event {
            case .noted, .stepSkipped, .stepReproved(_, holds: false, _): true
            case .stepFinished(let result): result.outcome != .done
            case .rollbackFinished(_, let error): error != nil
            default: false
            }
        run.log.append(.init(seconds: seconds, text: text, isUrgent: isUrgent))
    }

    /// Adds a point to the burn-down. When there are too many, every second one is dropped.
    private mutating func sample(at seconds: Double, always: Bool) {
        events += 1
        guard always || events % stride == 0, let remaining = run.remaining else { return }
        run.burnDown.append(.init(seconds: seconds, remaining: remaining))
        guard run.burnDown.count >= WatchedRun.mostPoints else { return }
        run.burnDown = run.burnDown.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        stride *= 2
    }
}

extension WatchedStep {
    fileprivate mutating func finish(_ result: StepResult, at seconds: Double) {
        ended = seconds
        attempt = max(attempt, result.attempt)
        result.record.map { record in
            self.result = record.summary
            bytes = record.restored?.bytes ?? bytes
        }
        switch result.outcome {
        case .done:
            state = .done
            remark = nil
        case .cancelled: state = .cancelled
        case .failed:
            state = result.isRetried ? .retrying : .failed
            failures = failures.addingClamped(1)
            remark = result.error
        }
    }
}

extension WatchedRun {
    /// Returns the run with the lists that an event extends within their bounds. The whole is bounded when it is read.
    fileprivate func boundedAfterEvent() -> WatchedRun {
        guard log.count > Self.mostLines * 2 else { return self }
        var run = self
        run.log.removeFirst(log.count - Self.mostLines)
        return run
    }
}
