import Documents
import Kubernetes
package import StackConfiguration

/// A fact of the cluster that could not be read.
package struct VolumeFactError: Error, CustomStringConvertible {
    package var description: String
}

extension Session {
    /// The identity of a component's namespace and claim: a restore into them, or their removal, changes it, and normal
    /// operation does not.
    /// - Returns: a text for each fact; nothing for a component whose data are not in a cluster.
    package func volumeFacts(of component: ComponentConfiguration) async -> [String: Result<String, VolumeFactError>] {
        guard let volume = component.volume else { return [:] }
        let kubectl = kubectl(of: volume)
        var facts: [String: Result<String, VolumeFactError>] = [:]
        func note(_ fact: String, of object: String, _ text: (JSONValue) -> String) async {
            do {
                let found = try await kubectl.object(object)
                // An object that is missing is a fact too, since a drill could have removed it.
                facts[fact] = .success(found.map(text) ?? "does not exist")
            } catch { facts[fact] = .failure(VolumeFactError(description: "\(error)")) }
        }
        if let namespace = kubectl.namespace {
            await note("namespace \(namespace)", of: "namespace/\(namespace)") {
                "uid \($0["metadata"]?["uid"]?.text ?? "?")"
            }
        }
        do {
            let claim = try await VolumeSearch(volume: volume, kubectl: kubectl).placement().claim
            await note("claim \(claim)", of: "persistentvolumeclaim/\(claim)") { claim in
                "uid \(claim["metadata"]?["uid"]?.text ?? "?") volume \(claim["spec"]?["volumeName"]?.text ?? "none")"
            }
        } catch { facts["claim"] = .failure(VolumeFactError(description: "\(error)")) }
        return facts
    }
}
