package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Kubernetes
import Mover
import Platform
package import RecoveryPlan
import StackConfiguration
import Synchronization

/// The restore of a component into a persistent volume claim of its cluster.
///
/// A missing claim is created as the backup set recorded it, and the mover is its first consumer. The restore itself is
/// that of a directory: staged, verified and swapped inside the volume.
struct VolumeRestore: Sendable {
    let component: ComponentConfiguration
    let volume: KubernetesVolume
    let session: Session
    let repository: Repository
    let manifest: Manifest
    /// The recovery run that this restore is a part of.
    var recovery: String?

    /// The name of the destination, for messages.
    static func words(_ volume: KubernetesVolume) -> String {
        volume.workload.map { "the volume of \($0)" } ?? "the claim \(volume.claim ?? "")"
    }

    private var kubectl: Kubectl { session.kubectl(of: volume) }
    private var namespace: String? { volume.namespace ?? session.configuration.kubernetes.namespace }
    private var record: ClaimRecord? { ClaimRecord(facts: manifest.facts) }

    /// Space for the staged tree and the file system's own data. The restore itself checks the free space.
    private var neededBytes: Int {
        (manifest.totals.bytes / 10).addingClamped(manifest.totals.bytes).addingClamped(1 << 20)
    }

    // MARK: The place

    /// Finds the place from the cluster's present state, completed by the record of the backup set.
    private func place() async throws -> VolumePlacement {
        var place: VolumePlacement
        do {
            place = try await kubectl.patiently(tell: session.tellsVolume(component)) {
                try await VolumeSearch(volume: volume, kubectl: kubectl).placement()
            }
        } catch let error as VolumeError {
            // The workload is not there yet, or is not one with a template.
            guard let record, let mountPath = record.mountPath else { throw error }
            place = try VolumePlacement(
                claim: volume.claim ?? record.name, path: mountPath, subPath: volume.subPath ?? record.subPath)
            place.workload = volume.workload
            place.namespace = volume.namespace
            place.data = volume.path ?? record.data ?? mountPath
            place.fsGroup = record.fsGroup
            place.supplementalGroups = record.supplementalGroups ?? []
            (place.user, place.group) = (volume.user, volume.group)
        }
        place.user = place.user ?? record?.user
        place.group = place.group ?? record?.group
        return place
    }

    // MARK: The claim

    private func claim(of place: VolumePlacement) async throws -> JSONValue? {
        try await kubectl.patiently(tell: session.tellsVolume(component)) {
            try await kubectl.object("persistentvolumeclaim/\(place.claim)")
        }
    }

    /// The reason for which an existing claim cannot take a set; nil if it can.
    /// - Parameter needed: bytes for the set.
    static func refusal(of claim: JSONValue, named name: String, needed: Int) -> VolumeError? {
        if claim["metadata"]?["deletionTimestamp"] != nil {
            return VolumeError(
                name, "the claim '\(name)' is being deleted",
                hint: "stop the pods that use it, and wait until it is gone: dr then creates it anew")
        }
        if claim["spec"]?["volumeMode"]?.text == "Block" {
            return VolumeError(
                name, "the claim '\(name)' is a block device",
                hint: "dr restores into file systems: name another claim with `kubernetes: claim:`")
        }
        let size =
            claim["status"]?["capacity"]?["storage"]?.text ?? claim["spec"]?["resources"]?["requests"]?["storage"]?.text
        guard let size, let bytes = Quantity.bytes(size), bytes < needed else { return nil }
        return VolumeError(
            name, "the claim '\(name)' has \(size), and the set needs \(Units.bytes(needed))",
            hint: "enlarge it, or remove it: dr then creates it anew")
    }

    private func refusal(of claim: JSONValue, _ place: VolumePlacement) -> VolumeError? {
        Self.refusal(of: claim, named: place.claim, needed: neededBytes)
    }

    /// The document of the claim to create.
    private func newClaim(_ place: VolumePlacement) async throws -> JSONValue {
        let classes = session.configuration.kubernetes.storageClasses.merging(volume.storageClasses) { $1 }
        if let record {
            let document = record.document(
                namespace: namespace, claim: place.claim, storageClasses: classes, bytes: neededBytes)
            try await checkClass(of: document)
            return document
        }
        guard let workload = volume.workload, let object = try await kubectl.object(workload),
            let name = VolumeSearch.replica(of: object, claim: volume.claim)?.claims
                .first(where: { $0.value == place.claim })?.key,
            let template = object["spec"]?["volumeClaimTemplates"]?.array?.first(where: {
                $0["metadata"]?["name"]?.text == name
            }),
            let recorded = ClaimRecord(template)
        else {
            throw VolumeError(
                place.claim, "there is no such claim, and the set does not record how it was made",
                hint: "create the claim, then run the same command again")
        }
        let document = recorded.document(
            namespace: namespace, claim: place.claim, storageClasses: classes, bytes: neededBytes)
        try await checkClass(of: document)
        return document
    }

    /// - Throws: ``VolumeError`` if the cluster does not have the claim's storage class.
    private func checkClass(of claim: JSONValue) async throws {
        guard let name = claim["spec"]?["storageClassName"]?.text, !name.isEmpty else { return }
        let found: JSONValue?
        // A role in the namespace alone may not read storage classes.
        do { found = try await kubectl.object("storageclass/\(name)") } catch { return }
        guard found == nil else { return }
        let known = (try? await kubectl.run(["get", "storageclasses", "--output=name"])) ?? ""
        let names = known.split(whereSeparator: \.isNewline).compactMap { $0.split(separator: "/").last }
        throw VolumeError(
            claim["metadata"]?["name"]?.text ?? "the claim", "the cluster has no storage class '\(name)'",
            hint: "map it in dr.yaml with `kubernetes: storage_classes: {\(name): NEW}`"
                + (names.isEmpty ? "" : "; the cluster has: \(names.joined(separator: ", "))"))
    }

    // MARK: The work

    /// Returns the plan, from the set and the cluster's state only: it starts no mover, and changes nothing.
    /// - Parameters:
    ///   - createsNamespace: true if an earlier action of a plan may create the namespace.
    ///   - stopped: the workloads that earlier actions of a plan have stopped by then.
    ///   - replaces: true if the restore may move existing content aside.
    func plan(
        createsNamespace: Bool = false, stopped: Set<StoppedWorkload> = [], replaces: Bool = true
    ) async throws -> ComponentRestore.Plan {
        let place = try await place()
        var obstacles: [String] = []
        if !createsNamespace, let missing = await kubectl.missingNamespace(namespace) {
            obstacles.append("the cluster has no namespace '\(missing)'")
        }
        if let mismatch = mismatch(place) { obstacles.append("\(mismatch)") }
        let claim = try await claim(of: place)
        if let claim {
            if let refusal = refusal(of: claim, place) { obstacles.append(refusal.detail) }
            let freed = try await pods(of: stopped)
            obstacles += try await users(of: place).names().filter { !freed.contains($0) }
                .map { "pod '\($0)' uses the claim '\(place.claim)'" }
        } else {
            do { _ = try await newClaim(place) } catch let error as VolumeError { obstacles.append("\(error)") }
        }
        var plan = ComponentRestore.Plan(
            target: "\(place.data) in the claim '\(place.claim)'" + (claim == nil ? ", which is created" : ""),
            replaces: claim != nil, files: manifest.totals.files, bytes: manifest.totals.bytes, obstacles: obstacles)
        if claim != nil, !replaces {
            plan.notes = [
                "if the claim has content, the restore needs --replace, which moves it aside: this preview does not look "
                    + "into the claim"
            ]
        }
        return plan
    }

    /// The names of the pods of workloads in the component's own namespace.
    private func pods(of workloads: Set<StoppedWorkload>) async throws -> Set<String> {
        var names: Set<String> = []
        let search = VolumeSearch(volume: volume, kubectl: kubectl)
        for stopped in workloads where stopped.namespace == nil || stopped.namespace == namespace {
            guard let workload = try await kubectl.object(stopped.workload),
                let selector = VolumeSearch.selector(in: workload["spec"]?["selector"])
            else { continue }
            names.formUnion(try await search.pods(selector).compactMap { $0["metadata"]?["name"]?.text })
        }
        return names
    }

    private func users(of place: VolumePlacement) -> ClaimUsers {
        ClaimUsers(
            claim: place.claim, workload: place.workload, component: component.name,
            stack: session.configuration.stack, search: VolumeSearch(volume: volume, kubectl: kubectl),
            recovery: recovery, within: session.configuration.kubernetes.within)
    }

    /// The reason for which the set does not belong into the claim; nil if it does.
    ///
    /// Each replica of a StatefulSet has a claim of its own, with other data.
    static func mismatch(recorded: String?, found: String, configured: String?) -> VolumeError? {
        guard let recorded, recorded != found, configured == nil else { return nil }
        return VolumeError(
            found, "the set has the data of another claim, '\(recorded)'",
            hint: "if they belong here, name the claim in dr.yaml: `kubernetes: claim: \(found)`")
    }

    private func mismatch(_ place: VolumePlacement) -> VolumeError? {
        Self.mismatch(recorded: record?.name, found: place.claim, configured: volume.claim)
    }

    func run(_ options: RestoreJob, progress: WorkProgress) async throws -> ComponentRestore.Report {
        progress.begin("finding the volume")
        let place = try await place()
        if let mismatch = mismatch(place) { throw mismatch }
        let users = users(of: place)
        var isNew = false
        let target: JSONValue
        if let claim = try await claim(of: place) {
            if let refusal = refusal(of: claim, place) { throw refusal }
            try await users.clear()
            target = claim
        } else {
            progress.begin("creating the claim")
            target = try await newClaim(place)
            // A quota that refuses the mover would leave an empty claim.
            try await mover(at: place).admit(.restore)
            try await kubectl.create(target)
            isNew = true
        }
        var report = try await restore(options, to: place, seed: await seed(options, at: place, like: target), progress)
        report.target = "\(report.target) in the \(isNew ? "new " : "")claim '\(place.claim)'"
        return report
    }

    /// The kept volume snapshot that is nearest to the set; nil if there is none, or none can be found.
    private func seed(
        _ options: RestoreJob, at place: VolumePlacement, like target: JSONValue
    ) async -> VolumeSeed? {
        guard options.usesSeeds, volume.keep > 0, let target = ClaimRecord(target) else { return nil }
        do {
            return try await VolumeSeed(near: manifest, among: mover(at: place).snapshots, like: target)
        } catch {
            session.tellsVolume(component)("dr does not use volume snapshots: \(error)")
            return nil
        }
    }

    /// Restores with a seed. If the mover does not start with it, restores without it.
    private func restore(
        _ options: RestoreJob, to place: VolumePlacement, seed: VolumeSeed?, _ progress: WorkProgress
    ) async throws -> ComponentRestore.Report {
        guard let seed else { return try await attempt(options, to: place, progress: progress) {} }
        let isStarted = Mutex(false)
        do {
            return try await attempt(options, to: place, seed: seed, progress: progress) {
                isStarted.withLock { $0 = true }
            }
        } catch let error as KubernetesError where !isStarted.withLock({ $0 }) {
            session.tellsVolume(component)(
                "dr does not use the volume snapshot '\(seed.snapshot)': \(error)")
        }
        return try await attempt(options, to: place, progress: progress) {}
    }

    /// - Parameter started: called when the mover works.
    private func attempt(
        _ options: RestoreJob, to place: VolumePlacement, seed: VolumeSeed? = nil, progress: WorkProgress,
        started: @escaping @Sendable () -> Void
    ) async throws -> ComponentRestore.Report {
        let users = users(of: place)
        let order = try await session.volumeSession.order(
            .restore(try restoreOrder(options, to: place, seed: seed)), of: component, kind: manifest.source,
            in: repository,
            data: place.data)
        let run = RandomID.make()
        let pod = ClusterMover.podName(component: component.name, run: run)
        let service = StoreService(
            repository, component: component.name, mayWrite: false, mayReplace: { try await users.clear(except: pod) })
        var mover = mover(at: place)
        mover.pod = pod
        mover.seedClaim = seed?.claim
        if seed != nil {
            // Time for an attempt without the seed has to remain.
            mover.cluster.within = .seconds(Int(mover.cluster.within.duration.components.seconds) / 2)
        }
        mover.afterCreation = {
            // Only now, so that of two restores at least one sees the other.
            try await users.clear(except: pod)
            try await seed?.create(for: pod)
        }
        return try await mover.withMover(
            .restore, run: run, note: { text in progress.update { $0.phase = text } }
        ) { line in
            started()
            do {
                let result = try await MoverSession(line: line).run(order, service, progress: progress)
                guard let report = result.restored else {
                    throw LinkError(.malformed, "the mover delivered another result")
                }
                return report
            } catch let failure as CallFailure where failure.reasonCode == "restore_damaged" {
                throw RestoreFailure(
                    damage: [Damage(path: manifest.component, reason: failure.detail)], staging: "",
                    target: place.claim)
            }
        }
    }

    /// Removes the previous content that ``run(_:progress:)`` kept, while the workload runs.
    func discard(_ path: String) async throws {
        let place = try await place()
        let order = try await session.volumeSession.order(
            .discard(path), of: component, kind: manifest.source, in: repository, data: place.data)
        let service = StoreService(repository, component: component.name, mayWrite: false)
        _ = try await mover(at: place).withMover(.backup(writes: true), run: RandomID.make(), note: { _ in }) {
            try await MoverSession(line: $0).run(order, service, progress: WorkProgress())
        }
    }

    private func mover(at place: VolumePlacement) -> ClusterMover {
        ClusterMover(
            component: component.name, stack: session.configuration.stack, volume: volume,
            cluster: session.configuration.kubernetes, kubectl: kubectl, place: place, claim: nil,
            tell: session.tellsVolume(component), recovery: recovery)
    }

    private func restoreOrder(
        _ options: RestoreJob, to place: VolumePlacement, seed: VolumeSeed?
    ) throws -> MoverOrder.RestoreOrder {
        guard let part = options.set.components[manifest.component] else {
            throw VolumeError(manifest.component, "the set does not have it")
        }
        var order = MoverOrder.RestoreOrder(
            manifest: part.manifest, sha256: part.sha256, directory: place.data, replaces: options.replace,
            discardsPrevious: options.discardsPrevious, paths: options.paths,
            slice: options.slice.map {
                .init(tenants: $0.tenants, from: $0.times.lowerBound, to: $0.times.upperBound)
            },
            keepsSetuid: options.keepsSetuid, stamp: "\(session.now())", usesSeeds: options.usesSeeds,
            seeds: seed.map { [$0.restoreSeed(place)] } ?? [])
        if case .fixed(let uid, let gid) = options.owner { (order.uid, order.gid) = (uid, gid) }
        return order
    }
}

extension RestoreJob {
    /// The restore into the component's volume in a cluster; nil if its data are elsewhere.
    private var volumeRestore: VolumeRestore? {
        guard let settings, let volume = settings.volume else { return nil }
        return VolumeRestore(
            component: settings, volume: volume, session: session, repository: repository, manifest: manifest,
            recovery: recovery)
    }

    /// The name of the volume for messages; nil if the component has none.
    package var volumeWords: String? { settings?.volume.map(VolumeRestore.words) }

    package func restoreVolume() async throws -> ComponentRestore.Report {
        guard let volumeRestore else { throw VolumeError(component, "it has no volume in a cluster") }
        return try await volumeRestore.run(self, progress: progress)
    }

    /// Returns the plan of ``restoreVolume()``.
    /// - Parameters:
    ///   - createsNamespace: true if an earlier action of a plan may create the namespace.
    ///   - stopped: the workloads that earlier actions of a plan have stopped by then.
    package func planVolume(
        createsNamespace: Bool = false, stopped: Set<StoppedWorkload> = []
    ) async throws -> ComponentRestore.Plan {
        guard let volumeRestore else { throw VolumeError(component, "it has no volume in a cluster") }
        return try await volumeRestore.plan(createsNamespace: createsNamespace, stopped: stopped, replaces: replace)
    }

    /// Removes the content that ``restoreVolume()`` kept.
    func discardFromVolume(_ path: String) async throws { try await volumeRestore?.discard(path) }
}
