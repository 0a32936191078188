import Components
import Documents
import Kubernetes
package import StackConfiguration

/// The facts of a component's volume that a restore into it, or its removal, changes, and normal operation does not.
package struct VolumeFacts: Sendable {
    /// The identity of each object.
    package var facts: [String: String] = [:]
    /// The objects that could not be read, with the reason.
    package var unseen: [String: String] = [:]
    /// The component's workload, if none of its pods runs.
    package var idleWorkload: String?
}

extension Session {
    /// Reads the identity of a component's namespace and claim.
    /// - Returns: no facts for a component whose data are not in a cluster.
    package func volumeFacts(of component: ComponentConfiguration) async -> VolumeFacts {
        var found = VolumeFacts()
        guard let volume = component.volume else { return found }
        let kubectl = kubectl(of: volume)
        func note(_ fact: String, of object: String, _ text: (JSONValue) -> String) async {
            do {
                // An object that is missing is a fact too, since a drill could have removed it.
                found.facts[fact] = try await kubectl.object(object).map(text) ?? "does not exist"
            } catch { found.unseen[fact] = Self.firstLine(of: error) }
        }
        if let namespace = kubectl.namespace {
            await note("namespace \(namespace)", of: "namespace/\(namespace)") {
                "uid \($0["metadata"]?["uid"]?.text ?? "?")"
            }
        }
        do {
            let place = try await VolumeSearch(volume: volume, kubectl: kubectl).placement()
            let isForwarded = component.settings.server?.url.hasPrefix(ClusterAddress.scheme) == true
            if place.pod == nil, isForwarded { found.idleWorkload = volume.workload }
            await note("claim \(place.claim)", of: "persistentvolumeclaim/\(place.claim)") { claim in
                "uid \(claim["metadata"]?["uid"]?.text ?? "?") volume \(claim["spec"]?["volumeName"]?.text ?? "none")"
            }
        } catch { found.unseen["claim"] = Self.firstLine(of: error) }
        return found
    }

    private static func firstLine(of error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "-"
    }
}
