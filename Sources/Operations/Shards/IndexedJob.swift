import BackupRepository
import Documents
import Kubernetes
import Platform

/// The shards of a component in the pods of an indexed Job.
struct IndexedJob: ShardEngine {
    let name: String
    let count: Int
    let document: JSONValue
    let kubectl: Kubectl

    var rest: String { "one pod" }
    var pause: Duration { JobPace().pause }

    func start() async throws { try await kubectl.create(document) }

    func state() async -> ShardsState {
        switch await JobState(of: name, kubectl) {
        case .ended, .gone: .ended
        case .running(let ready, _): .running(isAny: ready > 0)
        case .unknown, .denied: .unknown
        }
    }

    func progress() async -> [WorkProgress.State] {
        let lines = try? await kubectl.run([
            "logs", "--selector=\(JobState.selector(name))", "--container=\(MoverPod.container)", "--tail=1",
            "--ignore-errors", "--max-log-requests=\(count)",
        ])
        return (lines ?? "").split(whereSeparator: \.isNewline)
            .compactMap { try? JSONDecoding.decode(WorkProgress.State.self, String($0)) }
    }

    func reasons() async -> ShardReasons {
        let pods = try? await kubectl.objects("pods", ["--selector=\(JobState.selector(name))"])
        let found = (0..<count).map { ($0, Self.reason(of: $0, in: pods)) }
        return ShardReasons(Dictionary(uniqueKeysWithValues: found).compactMapValues { $0 }, silence: Self.silence)
    }

    func remove() async -> [String] {
        await kubectl.removeJob(name)
        return []
    }

    static let silence = "its pod left no result"

    /// The reason for which a pod left no result.
    /// - Parameter pods: nil if the API server did not tell.
    /// - Returns: nil if it may still run.
    static func reason(of index: Int, in pods: [JSONValue]?) -> String? {
        guard let pods else { return nil }
        let label = "batch.kubernetes.io/job-completion-index"
        let pod = pods.last {
            ($0["metadata"]?["labels"]?[label] ?? $0["metadata"]?["annotations"]?[label])?.text == "\(index)"
        }
        guard let pod else { return "its pod was deleted" }
        if let end = MoverStatus(pod).end { return "its pod ended: \(end)" }
        guard pod["status"]?["phase"]?.text != "Running" else { return nil }
        let scheduled = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "PodScheduled" }
        let message = scheduled?["status"]?.text == "False" ? scheduled?["message"]?.text : nil
        return "its pod did not start" + (message.map { ": \($0.prefix(300))" } ?? "")
    }
}
