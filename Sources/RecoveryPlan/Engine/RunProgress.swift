internal import RecoveryChecks

/// Where a run stands: which steps are done, run, failed, or will not be done.
struct RunProgress: Sendable {
    private let graph: StepGraph
    /// Done, in the order in which they ended.
    private(set) var order: [String] = []
    private var done: Set<String> = []
    private var records: [String: ActionRecord] = [:]
    var running: Set<String> = []
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

    init(_ graph: StepGraph) { self.graph = graph }

    mutating func finish(_ step: String, _ record: ActionRecord?) {
        order.append(step)
        done.insert(step)
        records[step] = record
    }

    /// Steps that can begin now, in the order of the plan.
    func ready() -> [Step] {
        graph.steps.filter { step in
            !done.contains(step.id) && !running.contains(step.id) && !failed.contains(step.id)
                && !skipped.contains(step.id) && step.needs.allSatisfy { done.contains($0) }
        }
    }

    var restored: [RestoredComponent] { order.compactMap { records[$0]?.restored } }
    /// Done, failed, or not to be done: nothing more will happen to it.
    func isSettled(_ step: String) -> Bool {
        done.contains(step) || failed.contains(step) || skipped.contains(step)
    }

    /// Of `check` steps.
    var checks: [CheckResult] { order.flatMap { records[$0]?.checks ?? [] } }
}
