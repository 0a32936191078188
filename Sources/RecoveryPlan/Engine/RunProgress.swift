internal import Components

/// The state of a run: steps that are finished, running, failed or skipped.
struct RunProgress: Sendable {
    private let graph: StepGraph
    /// Finished steps, in the order in which they finished.
    private(set) var order: [String] = []
    private var done: Set<String> = []
    /// Indices in the plan of steps that have not started.
    private var pending: [Int]
    private var records: [String: ActionRecord] = [:]
    var failed: Set<String> = []
    /// Steps that were running when the run stopped.
    var cancelled: Set<String> = []
    var skipped: Set<String> = []
    var failures: [String] = []
    /// The step whose failure aborted the run.
    var abortedBy: String?
    var wantsRollback = false
    var isInterrupted = false
    var hasBegunRestoring = false

    init(_ graph: StepGraph) {
        self.graph = graph
        pending = Array(graph.steps.indices)
    }

    mutating func finish(_ step: String, _ record: ActionRecord?) {
        order.append(step)
        done.insert(step)
        records[step] = record
    }

    /// Takes over the state of an earlier process, to roll its steps back.
    mutating func takeOver(_ resume: ResumePoint) {
        for (step, record) in resume.done { finish(step, record) }
        cancelled = resume.unfinished
    }

    /// Returns the steps that can start now, in the order of the plan. Each step is returned once.
    mutating func ready() -> [Step] {
        var ready: [Step] = []
        var rest: [Int] = []
        for index in pending where !isSettled(graph.steps[index].id) {
            let step = graph.steps[index]
            if step.needs.allSatisfy(isPassed) { ready.append(step) } else { rest.append(index) }
        }
        pending = rest
        return ready
    }

    /// Returns true if the steps that need this one can start.
    private func isPassed(_ step: String) -> Bool {
        done.contains(step) || failed.contains(step) && graph.step(step)?.onFailure == .proceed
    }

    var restored: [RestoredComponent] { order.compactMap { records[$0]?.restored } }
    /// Returns true if the step is finished, failed or skipped.
    func isSettled(_ step: String) -> Bool {
        done.contains(step) || failed.contains(step) || skipped.contains(step)
    }

    /// The results of `check` steps.
    var checks: [CheckResult] { order.flatMap { records[$0]?.checks ?? [] } }
}
