internal import Components

/// Where a run stands: which steps are done, run, failed, or will not be done.
struct RunProgress: Sendable {
    private let graph: StepGraph
    /// Done, in the order in which they ended.
    private(set) var order: [String] = []
    private var done: Set<String> = []
    /// Places, in the plan, of steps that were not begun.
    private var pending: [Int]
    private var records: [String: ActionRecord] = [:]
    var failed: Set<String> = []
    /// Begun, and neither done nor failed when the run was stopped.
    var cancelled: Set<String> = []
    var skipped: Set<String> = []
    var failures: [String] = []
    /// The step whose failure ended it.
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

    /// Stands where an earlier process stood, for undoing what that did.
    mutating func takeOver(_ resume: ResumePoint) {
        for (step, record) in resume.done { finish(step, record) }
        cancelled = resume.unfinished
    }

    /// Steps that can begin now, in the order of the plan; each is given once.
    mutating func ready() -> [Step] {
        var ready: [Step] = []
        var rest: [Int] = []
        for index in pending where !isSettled(graph.steps[index].id) {
            let step = graph.steps[index]
            if step.needs.allSatisfy({ done.contains($0) }) { ready.append(step) } else { rest.append(index) }
        }
        pending = rest
        return ready
    }

    var restored: [RestoredComponent] { order.compactMap { records[$0]?.restored } }
    /// Done, failed, or not to be done: nothing more will happen to it.
    func isSettled(_ step: String) -> Bool {
        done.contains(step) || failed.contains(step) || skipped.contains(step)
    }

    /// Of `check` steps.
    var checks: [CheckResult] { order.flatMap { records[$0]?.checks ?? [] } }
}
