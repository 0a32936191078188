import Documents
import Kubernetes
import Platform

/// The pods that use a claim, into which a restore wants to write.
struct ClaimUsers: Sendable {
    let claim: String
    let workload: String?
    let component: String
    let stack: String
    let search: VolumeSearch
    /// The recovery run that the restore is a part of.
    var recovery: String?
    /// The time within which a mover must start. Its own dr removes one that does not; so an older one has none.
    var within = Period.minutes(10)
    /// The time for pods that are ending.
    var patience = Duration.seconds(120)
    /// The time for which a mover of another restore must have its coordinator to count as one that works.
    var observation = Duration.seconds(10)
    var pause = Duration.seconds(1)

    /// The seconds without a coordinator after which a mover counts as that of a dead run.
    private static let longestAbsence = 30

    private enum Standing: Equatable {
        /// It does not count.
        case ignored
        case ending
        /// The mover of a dead restore, or of a backup.
        case removable
        /// The mover of another restore that has its coordinator.
        case restoring
        /// The mover of another restore that may have lost its coordinator.
        case unclear
        case user
    }

    /// The names of the pods that a restore would not remove.
    func names() async throws -> [String] {
        try await search.pods(mounting: claim).filter { $0.purpose(component: component, stack: stack) != "backup" }
            .compactMap(\.podName)
    }

    /// Returns when no other pod uses the claim.
    ///
    /// Waits for pods that are ending. Deletes movers of restores whose dr is dead, and movers of backups: the backup
    /// of this component then fails, because it would read a mixture of old and restored data.
    /// - Parameter own: this restore's mover. The later one of two restores gives way.
    /// - Throws: ``VolumeError`` if a pod uses the claim, or if there is no pod `own` any more.
    func clear(except own: String? = nil) async throws {
        let deadline = ContinuousClock.now + patience
        var restoring: [String: ContinuousClock.Instant] = [:]
        while true {
            let pods = try await kubectl.patiently { try await search.pods(mounting: claim) }
            let ownPod = pods.first { $0.podName == own && own != nil }
            if let own, ownPod?["metadata"]?["deletionTimestamp"] != nil || ownPod == nil {
                throw VolumeError(claim, "the mover of this restore, '\(own)', was removed")
            }
            var users: [String] = []
            var areRestores = true
            var areUsed = ContinuousClock.now >= deadline
            for pod in pods {
                guard let name = pod.podName, name != own else { continue }
                let standing = await standing(of: pod, name, beside: ownPod)
                if standing != .restoring { restoring[name] = nil }
                switch standing {
                case .ignored: continue
                case .ending: areRestores = false
                case .unclear: break
                case .removable: try await remove(name)
                case .restoring:
                    let since = restoring[name] ?? .now
                    restoring[name] = since
                    if ContinuousClock.now - since >= observation { areUsed = true }
                case .user: (areUsed, areRestores) = (true, false)
                }
                users.append(name)
            }
            guard !users.isEmpty else { return }
            guard !areUsed else { throw refusal(users, isRestore: areRestores) }
            try await Task.sleep(for: pause)
        }
    }

    private var kubectl: Kubectl { search.kubectl }

    private func refusal(_ users: [String], isRestore: Bool) -> VolumeError {
        let hint =
            if isRestore {
                "another restore works on it: let it end first; if its dr was killed, "
                    + "`\(kubectl.command(["delete", "pod"] + users).commandLine)`"
            } else if let workload {
                "stop it first: `\(kubectl.command(["scale", workload, "--replicas=0"]).commandLine)`"
            } else {
                "stop the pod first"
            }
        return VolumeError(claim, "it is in use by \(users.joined(separator: ", "))", hint: hint)
    }

    private func standing(of pod: JSONValue, _ name: String, beside own: JSONValue?) async -> Standing {
        if pod["metadata"]?["deletionTimestamp"] != nil { return .ending }
        switch pod.purpose(component: component, stack: stack) {
        case "backup": return .removable
        case "restore":
            if isOfDeadProcess(pod) || isForgotten(pod) { return .removable }
            if let own, own.isEarlier(than: pod) { return .ignored }
            guard pod["status"]?["phase"]?.text == "Running" else { return .unclear }
            guard let absence = await absence(of: name) else { return .unclear }
            if absence >= Self.longestAbsence { return .removable }
            return absence < 5 ? .restoring : .unclear
        default: return .user
        }
    }

    /// True for a mover that has not started in time. The kubelet ends only pods that have started.
    private func isForgotten(_ pod: JSONValue) -> Bool {
        guard pod["status"]?["phase"]?.text ?? "Pending" == "Pending", let created = pod.created else { return false }
        let age = WallClock.system.seconds.subtractingClamped(created)
        return age > Int(clamping: within.duration.components.seconds).addingClamped(Self.longestAbsence)
    }

    /// True for the mover of an earlier process of the same recovery run, which is resumed.
    private func isOfDeadProcess(_ pod: JSONValue) -> Bool {
        guard let recovery else { return false }
        let labels = pod["metadata"]?["labels"]
        let own = MoverPod.labels(recovery: recovery)
        return labels?[MoverPod.recoveryLabel]?.text == own[MoverPod.recoveryLabel]
            && labels?[MoverPod.processLabel]?.text != own[MoverPod.processLabel]
    }

    /// The seconds since a mover last had its coordinator; nil if it does not tell.
    private func absence(of mover: String) async -> Int? {
        // With a time-out of its own, because an option of kubectl at the end would be one of the command.
        let text = try? await kubectl.run(
            [
                "exec", mover, "--container=\(MoverPod.container)", "--", "dr", "mover", "absence", "--socket",
                MoverPod.socket,
            ], timeout: .minutes(1))
        return text.flatMap { Int($0.filter { !$0.isWhitespace }) }
    }

    private func remove(_ name: String) async throws {
        try await kubectl.patiently {
            _ = try await kubectl.run([
                "delete", "pod", name, "--ignore-not-found", "--grace-period=5", "--wait=false",
            ])
        }
    }
}

extension JSONValue {
    fileprivate var podName: String? { self["metadata"]?["name"]?.text }

    /// The purpose of a mover of this component; nil for any other pod.
    fileprivate func purpose(component: String, stack: String) -> String? {
        let labels = MoverPod.labels(run: "", component: component, stack: stack).filter { $0.key != "dr/run" }
        guard labels.allSatisfy({ self["metadata"]?["labels"]?[$0.key]?.text == $0.value }) else { return nil }
        return self["metadata"]?["labels"]?[MoverPod.purposeLabel]?.text
    }

    /// True if this pod was created before another one; the names decide about pods of the same second.
    fileprivate func isEarlier(than other: JSONValue) -> Bool {
        let (own, others) = (
            self["metadata"]?["creationTimestamp"]?.text, other["metadata"]?["creationTimestamp"]?.text
        )
        return (own ?? "", podName ?? "") < (others ?? "", other.podName ?? "")
    }
}
