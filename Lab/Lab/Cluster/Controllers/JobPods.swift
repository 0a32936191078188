internal import Documents
internal import Foundation

/// The pods that a Job has had. The controller counts each pod once, with its final phase; a pod that is deleted before it
/// ended counts as failed at once, as by the default `podReplacementPolicy` of the real controller.
struct JobPods: Sendable {
    private struct Pod {
        var index: Int?
        /// Nil while it runs.
        var hasSucceeded: Bool?
    }

    private var pods: [String: Pod] = [:]
    private var ignored: Set<String> = []

    /// Returns the index of a pod of an indexed Job.
    static func index(of pod: JSONValue) -> Int? {
        pod["metadata"]?["annotations"]?["batch.kubernetes.io/job-completion-index"]?.text.flatMap { Int($0) }
    }

    mutating func created(_ name: String, index: Int?) { pods[name] = Pod(index: index) }

    /// Ignores a pod that the controller itself deleted.
    mutating func ignore(_ name: String) {
        pods[name] = nil
        ignored.insert(name)
    }

    mutating func look(at present: [JSONValue]) {
        for pod in present where !ignored.contains(pod.name) && pods[pod.name]?.hasSucceeded == nil {
            let phase = pod["status"]?["phase"]?.text
            let hasFailed = phase == "Failed" || pod.isTerminating
            pods[pod.name] = Pod(
                index: Self.index(of: pod), hasSucceeded: phase == "Succeeded" ? true : hasFailed ? false : nil)
        }
        let names = Set(present.map(\.name))
        for (name, pod) in pods where pod.hasSucceeded == nil && !names.contains(name) {
            pods[name]?.hasSucceeded = false
        }
    }

    var succeeded: Int { pods.values.count { $0.hasSucceeded == true } }
    var failed: Int { pods.values.count { $0.hasSucceeded == false } }
    var completedIndexes: Set<Int> { Set(pods.values.filter { $0.hasSucceeded == true }.compactMap(\.index)) }

    /// Returns the indexes that failed more often than `limit`.
    func failedIndexes(limit: Int) -> Set<Int> {
        let failures = pods.values.filter { $0.hasSucceeded == false }.compactMap(\.index)
        let counts = Dictionary(failures.map { ($0, 1) }, uniquingKeysWith: +)
        return Set(counts.filter { $0.value > limit }.keys).subtracting(completedIndexes)
    }

    /// Returns indexes in the notation of a Job's status: "0,2-4".
    static func text(_ indexes: Set<Int>) -> String {
        RangeSet(indexes.map { $0..<$0 + 1 }).ranges
            .map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound - 1)" }
            .joined(separator: ",")
    }
}
