internal import Documents

/// A controller that sets the fields of a workload back: an operator, an autoscaler or GitOps.
struct WorkloadManager: Equatable, Sendable {
    /// A kind of controller that dr knows.
    enum Kind: Equatable, Sendable {
        /// A custom resource of the Prometheus operator.
        case prometheusOperator
        case kedaScaledObject
        /// It changes no workload that has 0 replicas, so it needs no pause.
        case horizontalPodAutoscaler
        case argoCD
        case fluxKustomization
        case fluxHelmRelease
        /// An owner that dr cannot pause.
        case unknown
    }

    var kind: Kind
    /// The kind in the API, for messages: "Prometheus".
    var apiKind: String
    /// The type and group for kubectl: "prometheus.monitoring.coreos.com".
    var type: String
    var name: String
    /// Nil for the namespace of the workload.
    var namespace: String?

    /// "Prometheus 'k8s'", "Argo CD application 'argocd/monitoring'"
    var description: String {
        let words =
            switch kind {
            case .argoCD: "Argo CD application"
            case .fluxKustomization: "Flux Kustomization"
            case .fluxHelmRelease: "Flux HelmRelease"
            case .kedaScaledObject: "KEDA ScaledObject"
            case .prometheusOperator, .horizontalPodAutoscaler, .unknown: apiKind
            }
        return "\(words) '\(namespace.map { "\($0)/" } ?? "")\(name)'"
    }

    /// The form in the annotation of the workload: TYPE/NAMESPACE/NAME, the namespace empty for the workload's.
    var reference: String { "\(type)/\(namespace ?? "")/\(name)" }

    /// The merge patch that pauses the controller; nil if it needs none or dr does not know one.
    ///
    /// - Parameter object: the controller's object as it is.
    func pause(_ object: JSONValue) -> JSONValue? {
        switch kind {
        case .prometheusOperator: return ["spec": ["paused": true]]
        case .kedaScaledObject: return ["metadata": ["annotations": ["autoscaling.keda.sh/paused": "true"]]]
        case .argoCD:
            guard object["spec"]?["syncPolicy"]?["automated"]?.object != nil else { return Optional.none }
            return ["spec": ["syncPolicy": ["automated": .null]]]
        case .fluxKustomization, .fluxHelmRelease: return ["spec": ["suspend": true]]
        case .horizontalPodAutoscaler, .unknown: return Optional.none
        }
    }

    /// Advice for an operator whose workload it changes.
    var remedy: String {
        let place = namespace.map { " --namespace=\($0)" } ?? ""
        let patch = "kubectl\(place) patch \(type) \(name) --type=merge --patch"
        return switch kind {
        case .prometheusOperator: "pause it: \(patch) '{\"spec\":{\"paused\":true}}'"
        case .kedaScaledObject: "pause it: kubectl\(place) annotate \(type) \(name) autoscaling.keda.sh/paused=true"
        case .argoCD: "switch its automated sync off: \(patch) '{\"spec\":{\"syncPolicy\":{\"automated\":null}}}'"
        case .fluxKustomization, .fluxHelmRelease: "suspend it: \(patch) '{\"spec\":{\"suspend\":true}}'"
        case .horizontalPodAutoscaler: "delete it, or change its limits"
        case .unknown: "pause the operator of this \(apiKind), or change the replicas in it"
        }
    }

    /// Returns the merge patch that undoes another one.
    /// - Parameter object: the object before the patch.
    static func inverse(of patch: JSONValue, on object: JSONValue?) -> JSONValue {
        guard let members = patch.object else { return object ?? .null }
        return .object(Dictionary(members.map { ($0.key, inverse(of: $0.value, on: object?[$0.key])) }) { $1 })
    }

    /// True if a patch changes only what a pause changes. The patch is read from the cluster.
    func accepts(_ undo: JSONValue) -> Bool {
        let path: [String] =
            switch kind {
            case .prometheusOperator: ["spec", "paused"]
            case .kedaScaledObject: ["metadata", "annotations", "autoscaling.keda.sh/paused"]
            case .argoCD: ["spec", "syncPolicy", "automated"]
            case .fluxKustomization, .fluxHelmRelease: ["spec", "suspend"]
            case .horizontalPodAutoscaler, .unknown: []
            }
        var rest = undo
        for name in path {
            guard let members = rest.object, members.count == 1, let next = members[name] else { return false }
            rest = next
        }
        return !path.isEmpty
    }
}

extension WorkloadManager {
    private static let operatorGroup = "monitoring.coreos.com"

    /// The controller in an owner reference.
    init?(owner: JSONValue) {
        guard let kind = owner["kind"]?.text, let name = owner["name"]?.text, let version = owner["apiVersion"]?.text,
            name.isKubernetesName
        else { return nil }
        let group = version.split(separator: "/").dropLast().joined()
        let kinds: [String: Kind] = [
            "Prometheus": .prometheusOperator, "Alertmanager": .prometheusOperator,
            "PrometheusAgent": .prometheusOperator, "ThanosRuler": .prometheusOperator,
        ]
        let known = group == Self.operatorGroup ? kinds[kind] : nil
        self.init(
            kind: known ?? .unknown, apiKind: kind,
            type: kind.lowercased() + (group.isEmpty ? "" : ".\(group)"), name: name, namespace: nil)
    }

    /// The GitOps controllers that the labels and annotations of an object name.
    static func gitOps(of object: JSONValue) -> [WorkloadManager] {
        let labels = object["metadata"]?["labels"]
        let annotations = object["metadata"]?["annotations"]
        var found: [WorkloadManager] = []
        for (prefix, kind, apiKind) in [
            ("kustomize", Kind.fluxKustomization, "Kustomization"), ("helm", .fluxHelmRelease, "HelmRelease"),
        ] {
            let group = "\(prefix).toolkit.fluxcd.io"
            guard let name = labels?["\(group)/name"]?.text, name.isKubernetesName else { continue }
            found.append(
                WorkloadManager(
                    kind: kind, apiKind: apiKind, type: "\(apiKind.lowercased()).\(group)", name: name,
                    namespace: labels?["\(group)/namespace"]?.text))
        }
        // "APPLICATION:GROUP/KIND:NAMESPACE/NAME"; the application's namespace is before an underscore if it is not
        // Argo CD's own.
        if let tracking = annotations?["argocd.argoproj.io/tracking-id"]?.text,
            let id = tracking.split(separator: ":").first
        {
            let parts = id.split(separator: "_", maxSplits: 1).map(String.init)
            if let name = parts.last, name.isKubernetesName {
                found.append(argoCD(name, namespace: parts.count == 2 ? parts[0] : nil))
            }
        } else if let name = labels?["argocd.argoproj.io/instance"]?.text
            ?? labels?["app.kubernetes.io/instance"]?.text,
            name.isKubernetesName
        {
            found.append(argoCD(name, namespace: nil))
        }
        return found
    }

    static func argoCD(_ name: String, namespace: String?) -> WorkloadManager {
        WorkloadManager(
            kind: .argoCD, apiKind: "Application", type: "application.argoproj.io", name: name, namespace: namespace)
    }
}
