import BackupRepository
import Documents
import Kubernetes
import Platform
import StackConfiguration

extension Session {
    /// Checks, without changing anything, that dr can work on a component's volume.
    func diagnose(_ component: ComponentConfiguration, _ volume: KubernetesVolume) async -> [Diagnosis] {
        do {
            let mover = try await moverHost(component, volume)
            let place = mover.place
            var identity = place.user.map { "user \($0)" } ?? "an unknown user"
            if let group = place.group { identity += ", group \(group)" }
            let node = place.node.map { " on \($0)" } ?? ", without a running pod"
            var findings = [
                Diagnosis(
                    of: "volume", mover.claim == nil ? .failed : .ok,
                    mover.claim == nil
                        ? "the claim '\(place.claim)' does not exist"
                        : "\(place.data) in the claim '\(place.claim)'\(node), \(identity)")
            ]
            if volume.keep > 0 { findings.append(await diagnoseSnapshots(of: mover, keep: volume.keep)) }
            if volume.mode == .inCluster {
                findings += await VolumeObjects(volume: volume, kubectl: kubectl(of: volume)).objects()
            }
            findings += await VolumeObjects(volume: volume, kubectl: kubectl(of: volume)).previousContent(in: place)
            guard volume.access != .exec else { return findings }
            let pod = MoverPod(
                name: "dr-doctor", purpose: .backup(writes: false), place: place, cluster: mover.cluster,
                labels: MoverPod.labels(run: "doctor", component: component.name, stack: configuration.stack),
                allowsRoot: volume.allowsRoot)
            do {
                let document = try pod.document()
                let admitted = try await kubectl(of: volume).run(
                    ["create", "--validate=ignore", "--dry-run=server", "--output=name", "--filename", "-"],
                    input: document.compact)
                findings.append(
                    Diagnosis(
                        of: "mover", .ok, "the cluster admits its pod: \(admitted.split(separator: "\n").first ?? "")"))
            } catch { findings.append(Diagnosis(of: "mover", .failed, "\(error)")) }
            return findings
        } catch { return [Diagnosis(of: "volume", .failed, "\(error)")] }
    }

    private func diagnoseSnapshots(of mover: ClusterMover, keep: Int) async -> Diagnosis {
        do {
            let ready = try await mover.snapshots.all().filter { $0["status"]?["readyToUse"]?.bool == true }
            guard let newest = ready.first?.created else {
                return Diagnosis(of: "volume snapshots", .warning, "none of \(keep); the next backup takes one")
            }
            let text = "\(ready.count) of \(keep), the newest of \(Timestamp(seconds: newest).readable) UTC"
            if let set = try await newestSet(of: mover.component),
                !ready.contains(where: { $0["metadata"]?["labels"]?["dr/run"]?.text == set.run })
            {
                return Diagnosis(
                    of: "volume snapshots", .warning,
                    "\(text); there is none of the newest set \(set.name): a restore of it takes more from the store")
            }
            return Diagnosis(of: "volume snapshots", .ok, text)
        } catch { return Diagnosis(of: "volume snapshots", .failed, "\(error)") }
    }

    /// The newest set with a component; nil if there is none, or the repository cannot be read, which is reported
    /// elsewhere.
    private func newestSet(of component: String) async throws -> BackupSet? {
        guard let repository = try? await repository() else { return nil }
        return try? await repository.latest(of: [component], now: now(), provesManifests: false, pool: pool)
            .parts[component]?.set
    }
}
