internal import Documents

/// The scale subresource of a workload, which also custom resources can have.
struct WorkloadScale: Equatable, Sendable {
    /// The wanted number of replicas.
    var wanted: Int
    /// The number that its controller last saw. It may lag behind by seconds.
    var present: Int
    /// The labels of its pods; nil if the resource does not name them.
    var selector: String?

    /// - Parameter scale: an object of the kind `Scale` of the group `autoscaling`.
    init(_ scale: JSONValue) {
        wanted = scale["spec"]?["replicas"]?.integer ?? 0
        present = scale["status"]?["replicas"]?.integer ?? 0
        selector = scale["status"]?["selector"]?.text.flatMap { $0.isEmpty ? nil : $0 }
    }

    static func read(_ object: KubernetesObject, _ kubectl: Kubectl) async throws -> WorkloadScale {
        let text: String
        do {
            text = try await kubectl.run(["get", object.description, "--subresource=scale", "--output=json"])
        } catch var error as KubernetesError where error.detail.contains("could not find the requested resource") {
            error.reason = .hopeless
            error.detail = "it has no scale subresource"
            error.hint = "scale the workload that has the pods, or patch the field: kubectl: {patch: …}"
            throw error
        }
        return WorkloadScale(try kubectl.json(text, of: "\(object) --subresource=scale"))
    }
}
