import Documents
import FoundationEssentials
import Kubernetes
import Platform

/// The volume snapshots that dr takes of one component's claim, and the temporary claims from them.
struct VolumeSnapshots: Sendable {
    let component: String
    let stack: String
    /// Nil for the context's.
    let namespace: String?
    let kubectl: Kubectl
    /// Receives the reasons of long waits.
    let tell: @Sendable (String) -> Void
    var pause = Duration.seconds(1)

    static let type = "volumesnapshots.snapshot.storage.k8s.io"
    private static let role = "app.kubernetes.io/component"
    /// The time after which a snapshot that is not ready is one of a dead run.
    private static let longestCreation = Period.hours(1)

    static func name(component: String, run: String) -> String {
        MoverPod.objectName(component: component, run: run)
    }

    // MARK: Labels

    func labels(run: String) -> [String: String] {
        MoverPod.labels(run: run, component: component, stack: stack).merging([Self.role: "snapshot"]) { $1 }
    }

    var selector: String {
        labels(run: "").filter { $0.key != "dr/run" }.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    private func metadata(_ name: String, run: String) -> [String: JSONValue] {
        var metadata: [String: JSONValue] = [
            "name": .string(name), "labels": .object(labels(run: run).mapValues { .string($0) }),
        ]
        metadata["namespace"] = namespace.map { .string($0) }
        return metadata
    }

    // MARK: Snapshots

    func take(_ name: String, of claim: String, run: String, class snapshotClass: String?) async throws {
        var spec: [String: JSONValue] = ["source": ["persistentVolumeClaimName": .string(claim)]]
        spec["volumeSnapshotClassName"] = snapshotClass.map { .string($0) }
        try await kubectl.create([
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
            "metadata": .object(metadata(name, run: run)), "spec": .object(spec),
        ])
    }

    /// Waits until a snapshot can be used.
    /// - Parameter tolerance: the time for which an error of the snapshot's controller may last: it tries again.
    /// - Returns: the least size of a claim from it.
    /// - Throws: `KubernetesError` `.notSo` if the driver still works on it, `.failed` for all other reasons.
    func size(ofReady name: String, within: Duration, tolerance: Duration? = nil) async throws -> String? {
        let deadline = ContinuousClock.now + within
        var failing: ContinuousClock.Instant?
        while true {
            let status = try await kubectl.patiently(tell: tell) {
                try await kubectl.object("\(Self.type)/\(name)")?["status"]
            }
            if status?["readyToUse"]?.bool == true { return status?["restoreSize"]?.text }
            let reason = status?["error"]?["message"]?.text
            failing = reason == nil ? nil : failing ?? .now
            let isHopeless = failing.map { .now - $0 > tolerance ?? within } ?? false
            guard ContinuousClock.now < deadline, !isHopeless else {
                throw KubernetesError(
                    reason == nil && status != nil ? .notSo : .failed, operation: "volume snapshot '\(name)'",
                    reason.map { String($0.prefix(500)) } ?? "it was not ready within \(within)")
            }
            try await Task.sleep(for: pause)
        }
    }

    /// All snapshots of the component, the newest first.
    func all() async throws -> [JSONValue] {
        let text = try await kubectl.run(["get", Self.type, "--selector=\(selector)", "--output=json"])
        return ((try? JSONValue(parsing: text))?["items"]?.array ?? [])
            .sorted { ($0.created ?? .min, $0.objectName ?? "") > ($1.created ?? .min, $1.objectName ?? "") }
    }

    /// The ready snapshot whose content is nearest to that of a backup set: the one of the same run, otherwise the
    /// nearest in time. The hash of each file decides what a restore takes from it.
    /// - Parameter time: of the backup set, in seconds since 1970.
    static func nearest(to run: String?, time: Int, among snapshots: [JSONValue]) -> JSONValue? {
        let ready = snapshots.filter {
            $0["status"]?["readyToUse"]?.bool == true && $0["metadata"]?["deletionTimestamp"] == nil
        }
        if let run, let own = ready.first(where: { $0["metadata"]?["labels"]?["dr/run"]?.text == run }) { return own }
        func distance(_ snapshot: JSONValue) -> Int {
            snapshot.created.map { Int(clamping: $0.subtractingClamped(time).magnitude) } ?? .max
        }
        return ready.min { distance($0) < distance($1) }
    }

    /// Removes all but the newest ready snapshots, and those that dead runs left.
    /// - Throws: `KubernetesError` of the first one that could not be removed, after an attempt to remove the others.
    func trim(keep: Int) async throws {
        let snapshots = try await all()
        var failure: (any Error)?
        let limit = WallClock.system.seconds - Int(Self.longestCreation.duration.components.seconds)
        var kept = 0
        for snapshot in snapshots {
            guard let name = snapshot.objectName else { continue }
            if snapshot["status"]?["readyToUse"]?.bool == true {
                kept += 1
                guard kept > keep else { continue }
            } else if snapshot.created ?? .max >= limit {
                continue
            }
            do { try await remove("\(Self.type)/\(name)") } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func remove(_ object: String) async throws {
        _ = try await kubectl.run(["delete", object, "--ignore-not-found", "--wait=false"])
    }

    func deleteSnapshot(_ name: String) async { await delete("\(Self.type)/\(name)") }

    func delete(_ object: String) async {
        try? await remove(object)
    }

    // MARK: Temporary claims

    /// The document of a claim with the content of a snapshot.
    /// - Parameters:
    ///   - claim: the claim of the snapshot, or one of the same class.
    ///   - size: the least size, nil if it is not known.
    ///   - owner: the object with which the cluster removes it.
    func copy(
        _ snapshot: String, as name: String, run: String, like claim: ClaimRecord, size: String?,
        owner: JSONValue? = nil
    ) -> JSONValue {
        let sizes = [size, claim.size, claim.capacity].compactMap(\.self)
        let largest = sizes.max { Quantity.bytes($0) ?? 0 < Quantity.bytes($1) ?? 0 }
        var spec: [String: JSONValue] = [
            "accessModes": ["ReadWriteOnce"],
            "dataSource": [
                "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": .string(snapshot),
            ],
            "resources": ["requests": ["storage": .string(largest ?? "1Gi")]],
        ]
        spec["storageClassName"] = claim.storageClass.map { .string($0) }
        var metadata = metadata(name, run: run)
        if let owner { metadata["ownerReferences"] = [owner] }
        return [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": .object(metadata), "spec": .object(spec),
        ]
    }

    /// Removes the copies of runs that were killed, and their snapshots, once they are older than any run: no other object
    /// shows their age.
    func sweep(except run: String, after deadline: Period) async {
        guard
            let text = try? await kubectl.run([
                "get", "persistentvolumeclaims", "--selector=\(selector),dr/run!=\(run)", "--output=json",
            ]), let list = try? JSONValue(parsing: text)
        else { return }
        let limit = WallClock.system.seconds - Int(deadline.duration.components.seconds)
        for claim in list["items"]?.array ?? [] {
            guard let name = claim.objectName, let made = claim.created, made < limit else { continue }
            await delete("persistentvolumeclaim/\(name)")
            await delete("\(Self.type)/\(name)")
        }
    }
}

extension JSONValue {
    var objectName: String? { self["metadata"]?["name"]?.text }

    /// The time of creation in seconds since 1970.
    var created: Int? {
        self["metadata"]?["creationTimestamp"]?.text.flatMap { try? Date($0, strategy: .iso8601) }
            .map { Int(clamping: $0.timeIntervalSince1970) }
    }
}
