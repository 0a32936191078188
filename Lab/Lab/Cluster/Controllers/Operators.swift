package import Documents

/// An operator that a test installs in the cluster.
package enum KubernetesOperator: String, Hashable, Sendable, CaseIterable {
    /// Prometheus Operator: a StatefulSet for each Prometheus and Alertmanager, which it changes back.
    case prometheus
    /// Sets the replicas of the targets of HorizontalPodAutoscalers.
    case autoscaler
    /// KEDA: scales the targets of ScaledObjects to at least their minimum, unless they are paused.
    case keda
    /// Argo CD: changes the objects of its Applications back, unless their automated synchronisation is off.
    case argo
    /// Flux: changes the objects of its Kustomizations back, unless they are suspended.
    case flux
}

extension KubernetesCluster {
    mutating func settleOperators() {
        if operators.contains(.prometheus) {
            settleMonitoring("Prometheus", prefix: "prometheus")
            settleMonitoring("Alertmanager", prefix: "alertmanager")
        }
        if operators.contains(.autoscaler) { settleAutoscalers() }
        if operators.contains(.keda) { settleScaledObjects() }
        if operators.contains(.argo) || operators.contains(.flux) { settleSynchronisation() }
    }

    private func resource(_ kind: String) -> KubernetesResource? { resources.first { $0.kind == kind } }

    /// Stores a correction after the operators' delay.
    private mutating func correct(_ key: Key, _ object: JSONValue, by name: String) {
        let old = self[key]
        let timer = "operator/\(key.resource.qualifiedName)/\(key.namespace)/\(key.name)"
        guard let old, old != object else { return timers.forget(timer) }
        guard timers.hasPassed(lag.operators, since: timer) else { return }
        timers.forget(timer)
        let stored = put(key, object)
        recordUpdate(key, from: old, to: stored, by: KubernetesFieldManager(name, version: key.resource.apiVersion))
    }

    // MARK: Prometheus Operator

    /// Keeps a StatefulSet for each custom resource of a kind.
    private mutating func settleMonitoring(_ kind: String, prefix: String) {
        guard let resource = resource(kind) else { return }
        for (key, custom) in all(resource) where !custom.isTerminating {
            let name = "\(prefix)-\(key.name)"
            let setKey = Key(resource: .statefulSets, namespace: key.namespace, name: name)
            if custom["spec"]?["paused"]?.bool != true { settle(setKey, of: (key, custom), prefix) }
            let set = self[setKey]
            var custom = custom
            custom["status"] = [
                "paused": custom["spec"]?["paused"] ?? false, "replicas": set?["status"]?["replicas"] ?? 0,
                "availableReplicas": set?["status"]?["availableReplicas"] ?? 0,
                "updatedReplicas": set?["status"]?["updatedReplicas"] ?? 0, "unavailableReplicas": 0,
                "selector": .string(KubernetesSelector(Self.selector(key.name, prefix)).text),
            ]
            put(key, custom)
        }
    }

    private static func selector(_ name: String, _ prefix: String) -> JSONValue {
        [
            "matchLabels": [
                "app.kubernetes.io/instance": .string(name), "app.kubernetes.io/managed-by": "prometheus-operator",
                "app.kubernetes.io/name": .string(prefix), "\(prefix)": .string(name),
            ]
        ]
    }

    private mutating func settle(_ setKey: Key, of owner: (key: Key, custom: JSONValue), _ prefix: String) {
        let (key, custom) = owner
        let spec = custom["spec"]
        let replicas = spec?["replicas"] ?? 1
        if var set = self[setKey] {
            set["spec"]?["replicas"] = replicas
            return correct(setKey, set, by: "PrometheusOperator")
        }
        let selector = Self.selector(key.name, prefix)
        let claimName = "\(prefix)-\(key.name)-db"
        var volumeMount: JSONValue = ["name": .string(claimName), "mountPath": .string("/\(prefix)")]
        if spec?["disableMountSubPath"]?.bool != true { volumeMount["subPath"] = .string("\(prefix)-db") }
        let image: JSONValue = spec?["image"] ?? .string("quay.io/prometheus/\(prefix):v3.0.0")
        var container: JSONValue = [
            "name": .string(prefix), "image": image, "volumeMounts": [volumeMount],
            "ports": [["name": "web", "containerPort": 9090]],
        ]
        // A test's own container of this name completes the operator's, as in the operator's strategic merge.
        for own in spec?["containers"]?.array ?? [] where own["name"]?.text == prefix {
            container = KubernetesFields.applied(own, to: container, isCustom: false)
        }
        var podSpec: JSONValue = ["containers": [container]]
        podSpec["securityContext"] = spec?["securityContext"]
        podSpec["serviceAccountName"] = spec?["serviceAccountName"]
        var claim: JSONValue = spec?["storage"]?["volumeClaimTemplate"] ?? [:]
        claim = claim.setting(.string(claimName), at: "/metadata/name")
        if spec?["storage"] == nil { podSpec["volumes"] = [["name": .string(claimName), "emptyDir": [:]]] }
        var setSpec: JSONValue = [
            "replicas": replicas, "selector": selector, "podManagementPolicy": "Parallel",
            "serviceName": .string("\(prefix)-operated"),
            "template": ["metadata": ["labels": selector["matchLabels"] ?? [:]], "spec": podSpec],
        ]
        if spec?["storage"] != nil { setSpec["volumeClaimTemplates"] = [claim] }
        let complaint = createDependent(
            setKey,
            [
                "metadata": [
                    "labels": selector["matchLabels"] ?? [:],
                    "ownerReferences": [ownerReference(to: key, custom)],
                ], "spec": setSpec,
            ])
        guard complaint == nil, let set = self[setKey] else { return }
        recordUpdate(setKey, from: nil, to: set, by: KubernetesFieldManager("PrometheusOperator", version: "apps/v1"))
    }

    // MARK: Autoscalers

    /// Keeps the replicas of a target within the limits of its autoscaler. A target with zero replicas is left alone.
    private mutating func settleAutoscalers() {
        for (key, autoscaler) in all(.autoscalers) where !autoscaler.isTerminating {
            guard let target = target(autoscaler["spec"]?["scaleTargetRef"], in: key.namespace),
                var object = self[target]
            else { continue }
            let present = object["spec"]?["replicas"]?.integer ?? 1
            guard present > 0 else { continue }
            let least = autoscaler["spec"]?["minReplicas"]?.integer ?? 1
            let most = autoscaler["spec"]?["maxReplicas"]?.integer ?? least
            object["spec"]?["replicas"] = JSONValue(min(max(present, least), most))
            correct(target, object, by: "kube-controller-manager")
        }
    }

    private mutating func settleScaledObjects() {
        guard let resource = resource("ScaledObject") else { return }
        for (key, scaled) in all(resource) where !scaled.isTerminating {
            let annotations = scaled["metadata"]?["annotations"]
            let paused = annotations?["autoscaling.keda.sh/paused-replicas"]?.integer
            if annotations?["autoscaling.keda.sh/paused"]?.text == "true" { continue }
            guard let target = target(scaled["spec"]?["scaleTargetRef"], in: key.namespace), var object = self[target]
            else { continue }
            let present = object["spec"]?["replicas"]?.integer ?? 1
            let least = scaled["spec"]?["minReplicaCount"]?.integer ?? 0
            object["spec"]?["replicas"] = JSONValue(paused ?? max(present, least))
            correct(target, object, by: "keda-operator")
        }
    }

    private func target(_ reference: JSONValue?, in namespace: String) -> Key? {
        guard let name = reference?["name"]?.text, let resource = resource(reference?["kind"]?.text ?? "Deployment")
        else { return nil }
        return Key(resource: resource, namespace: namespace, name: name)
    }

    // MARK: GitOps

    /// Remembers the state of an object that a GitOps controller applies, for example from its repository.
    package mutating func track(_ object: JSONValue) {
        guard let key = key(of: object) else { return }
        desired[key] = object
    }

    /// Reapplies the tracked objects whose controller is active.
    private mutating func settleSynchronisation() {
        for (key, wanted) in desired.sorted(by: { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }) {
            guard let name = synchroniser(of: wanted) else {
                timers.forget("operator/\(key.resource.qualifiedName)/\(key.namespace)/\(key.name)")
                continue
            }
            guard let old = self[key] else {
                guard self[Self.namespace(key.namespace)]?.isTerminating == false else { continue }
                put(key, wanted)
                continue
            }
            correct(key, KubernetesFields.applied(wanted, to: old, isCustom: key.resource.isCustom), by: name)
        }
    }

    /// Returns the field manager of the controller that keeps an object; nil if it is paused.
    private func synchroniser(of object: JSONValue) -> String? {
        let metadata = object["metadata"]
        let labels = object.labels
        // Argo CD: "APPLICATION:GROUP/KIND:NAMESPACE/NAME", or the label app.kubernetes.io/instance.
        let tracking = metadata?["annotations"]?["argocd.argoproj.io/tracking-id"]?.text
        if operators.contains(.argo), let application = tracking?.split(separator: ":").first.map(String.init),
            let resource = resource("Application")
        {
            let found = all(resource).first { $0.key.name == application }?.value
            return found?["spec"]?["syncPolicy"]?["automated"].map { _ in "argocd-controller" }
        }
        guard operators.contains(.flux) else { return nil }
        for (kind, prefix, manager) in [
            ("Kustomization", "kustomize", "kustomize-controller"), ("HelmRelease", "helm", "helm-controller"),
        ] {
            guard let name = labels["\(prefix).toolkit.fluxcd.io/name"]?.text, let resource = resource(kind) else {
                continue
            }
            let namespace = labels["\(prefix).toolkit.fluxcd.io/namespace"]?.text ?? "flux-system"
            let owner = self[Key(resource: resource, namespace: namespace, name: name)]
            return owner.flatMap { $0["spec"]?["suspend"]?.bool == true ? nil : manager }
        }
        return nil
    }
}
