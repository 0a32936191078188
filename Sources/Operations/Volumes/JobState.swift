import Documents
import Kubernetes

/// The state of a Job at one look.
enum JobState {
    /// - Parameter ready: the number of pods that run.
    case running(ready: Int, job: JSONValue)
    /// - Parameter failure: nil if its pods succeeded.
    case ended(failure: Failure?)
    case gone
    /// The API server refuses the credentials.
    case denied(KubernetesError)
    /// The API server does not answer. The Job works all the same.
    case unknown

    struct Failure {
        var message: String?
    }

    init(of name: String, _ kubectl: Kubectl) async {
        do {
            guard let job = try await kubectl.object("job/\(name)") else {
                self = .gone
                return
            }
            self.init(job)
        } catch let error as KubernetesError where error.isDenied {
            self = .denied(error)
        } catch {
            self = .unknown
        }
    }

    init(_ job: JSONValue) {
        let conditions = (job["status"]?["conditions"]?.array ?? []).filter { $0["status"]?.text == "True" }
        // FailureTarget: the Job has failed, and its last pods are still ending.
        if let failed = conditions.first(where: { ["Failed", "FailureTarget"].contains($0["type"]?.text) }) {
            self = .ended(failure: Failure(message: failed["message"]?.text))
        } else if conditions.contains(where: { $0["type"]?.text == "Complete" }) {
            self = .ended(failure: nil)
        } else {
            self = .running(ready: job["status"]?["ready"]?.integer ?? 0, job: job)
        }
    }

    /// The selector of a Job's pods.
    static func selector(_ name: String) -> String { "batch.kubernetes.io/job-name=\(name)" }
}

/// The time for which a sign has been seen without interruption. The time of looks that tell nothing does not count.
struct SignTime {
    private var last: ContinuousClock.Instant?
    private(set) var duration = Duration.zero

    /// - Parameter isSeen: nil if the look did not tell.
    mutating func note(_ isSeen: Bool?, at now: ContinuousClock.Instant = .now) {
        switch isSeen {
        case true?:
            if let last { duration += now - last }
            last = now
        case false?: (last, duration) = (nil, .zero)
        case nil: if last != nil { last = now }
        }
    }
}

/// Spaces out the looks at a Job through the API server. Each look starts a kubectl, which takes a fifth of a second of
/// processor time; with one look a second for each component, they took more of it than the backup.
struct JobPace {
    /// The pause while pods of the Job run. Until then dr looks each second, to tell why none runs.
    var pause = Duration.seconds(5)
    private var next: ContinuousClock.Instant?

    init() {}

    func isDue(at now: ContinuousClock.Instant = .now) -> Bool { next.map { now >= $0 } ?? true }

    mutating func note(_ state: JobState, at now: ContinuousClock.Instant = .now) {
        guard case .running(let ready, _) = state else { return note(isRunning: false, at: now) }
        note(isRunning: ready > 0, at: now)
    }

    mutating func note(isRunning: Bool, at now: ContinuousClock.Instant = .now) {
        next = isRunning ? now + pause : nil
    }
}
