internal import Documents
internal import Kubernetes

/// Workloads that are restored without pods, so that none starts before its data are restored.
enum HeldWorkload {
    /// Returns a workload with 0 replicas, and its number of replicas in the annotation from which
    /// `kubectl: {scale: …, replicas: previous}` of a plan takes it; a job or cron job is suspended.
    /// - Parameter hasScale: true if the type has the subresource `scale`.
    /// - Returns: nil if the object starts no pods, or if dr cannot hold it.
    static func held(_ document: JSONValue, hasScale: Bool) -> (document: JSONValue, detail: String)? {
        var document = document
        let group = document["apiVersion"]?.text?.split(separator: "/").dropLast().first.map(String.init) ?? ""
        guard document["spec"]?.object != nil else { return nil }
        if group == "batch" {
            guard document["spec"]?["suspend"]?.bool != true else { return nil }
            document["spec"]?["suspend"] = true
            return (document, "suspended: a restore without hold resumes it")
        }
        guard hasScale else { return nil }
        let replicas = document["spec"]?["replicas"]?.integer ?? 1
        guard replicas > 0 else { return nil }
        document["spec"]?["replicas"] = 0
        var metadata = document["metadata"] ?? [:]
        metadata["annotations"] = (metadata["annotations"] ?? [:]).adding([
            KubernetesScale.annotation: .string("\(replicas)")
        ])
        document["metadata"] = metadata
        return (document, "held at 0 replicas, \(replicas) in the backup")
    }
}
