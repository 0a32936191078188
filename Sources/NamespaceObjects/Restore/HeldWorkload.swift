internal import Documents
internal import Kubernetes

/// Workloads that are restored without pods, so that none starts before its data are restored.
enum HeldWorkload {
    /// Returns a workload with 0 replicas, and its number of replicas in the annotation from which
    /// `kubectl: {scale: …, replicas: previous}` of a plan takes it; a job or cron job is suspended. A workload that
    /// exists stays as it runs: only a step of the plan may stop it.
    /// - Parameters:
    ///   - live: the present object; nil if there is none.
    ///   - hasScale: true if the type has the subresource `scale`.
    /// - Returns: nil if the object starts no pods, or if dr cannot hold it.
    static func held(
        _ document: JSONValue, live: JSONValue?, hasScale: Bool
    ) -> (document: JSONValue, detail: String?)? {
        guard document["spec"]?.object != nil else { return nil }
        let group = document["apiVersion"]?.text?.split(separator: "/").dropLast().first.map(String.init) ?? ""
        if group == "batch" { return suspended(document, live) }
        guard hasScale else { return nil }
        let replicas = document["spec"]?["replicas"]?.integer ?? 1
        guard let live else {
            guard replicas > 0 else { return nil }
            return (
                with(document, replicas: 0, remembered: "\(replicas)"), "held at 0 replicas, \(replicas) in the backup"
            )
        }
        let present = live["spec"]?["replicas"]?.integer ?? 1
        let remembered = live["metadata"]?["annotations"]?[KubernetesScale.annotation]?.text
        let detail = present == replicas ? nil : "it keeps its \(present) replicas, \(replicas) in the backup"
        return (with(document, replicas: present, remembered: remembered), detail)
    }

    private static func suspended(
        _ document: JSONValue, _ live: JSONValue?
    ) -> (document: JSONValue, detail: String?)? {
        var document = document
        if let live {
            document["spec"]?["suspend"] = live["spec"]?["suspend"]
            return (document, nil)
        }
        guard document["spec"]?["suspend"]?.bool != true else { return nil }
        document["spec"]?["suspend"] = true
        return (document, "suspended: a restore without hold resumes it")
    }

    private static func with(_ document: JSONValue, replicas: Int, remembered: String?) -> JSONValue {
        var document = document
        document["spec"]?["replicas"] = JSONValue(replicas)
        guard let remembered else { return document }
        var metadata = document["metadata"] ?? [:]
        metadata["annotations"] = (metadata["annotations"] ?? [:]).adding([
            KubernetesScale.annotation: .string(remembered)
        ])
        document["metadata"] = metadata
        return document
    }
}
