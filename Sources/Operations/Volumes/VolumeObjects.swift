import BackupRepository
import FoundationEssentials
import Kubernetes
import Platform
import StackConfiguration

/// Looks for objects of a component's volume in the cluster, without changing anything.
struct VolumeObjects: Sendable {
    let volume: KubernetesVolume
    let kubectl: Kubectl

    /// Checks that the objects exist from which the pods of the mode `in_cluster` get their configuration.
    func objects() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        for object in ["configmap/\(volume.configMap ?? "dr")"] + (volume.secret.map { ["secret/\($0)"] } ?? []) {
            do {
                // Only the name: the content of a Secret does not leave the cluster.
                let found = try await kubectl.run([
                    "get", object, "--ignore-not-found", "--output=name",
                ])
                let isThere = found.contains { !$0.isWhitespace }
                findings.append(
                    Diagnosis(
                        of: object, isThere ? .ok : .failed,
                        isThere ? "exists" : "does not exist: the pods of mode 'in_cluster' cannot start without it"))
            } catch {
                let text = "\(error)".lowercased()
                let isDenied = text.contains("forbidden")
                findings.append(
                    Diagnosis(
                        of: object, isDenied ? .ok : .warning,
                        isDenied ? "not checked: this account may not read it" : "could not be checked: \(error)"))
            }
        }
        return findings
    }

    /// Lists content that restores have moved aside in the volume, as far as the workload's own pod can show it.
    func previousContent(in place: VolumePlacement) async -> [Diagnosis] {
        guard let pod = place.pod else { return [] }
        var arguments = ["exec", pod]
        if let container = place.container { arguments.append("--container=\(container)") }
        let folders = Set([place.data, place.data.folderOfPath, place.mountPath]).filter {
            $0 == place.mountPath || $0.hasPrefix("\(place.mountPath)/")
        }
        // An image without `ls`, or an account that may not do it: then nothing is known.
        guard
            let listed = try? await kubectl.run(arguments + ["--", "ls", "-a"] + folders.sorted())
        else { return [] }
        let names = Set(
            listed.split(whereSeparator: \.isNewline).filter { RestoreNames.isPrevious(String($0)) })
        guard !names.isEmpty else { return [] }
        return [
            Diagnosis(
                of: "previous content", .warning,
                "restores moved content aside in the claim '\(place.claim)', which needs space: "
                    + names.sorted().map { "'\(String($0).printable)'" }.joined(separator: ", ")
                    + "; remove it once the restored data are good")
        ]
    }
}
