internal import Documents

/// DaemonSets: one pod for each node that fits.
extension KubernetesCluster {
    mutating func settleDaemonSets() {
        for (key, set) in all(.daemonSets) where !set.isTerminating && hasSettled(set) {
            let revision = recordRevision(key, set)
            let template = set["spec"]?["template"]
            let nodes = all(.nodes).map(\.value).filter { node in
                (template?["spec"]?["nodeSelector"]?.object ?? [:]).allSatisfy { node.labels[$0.key] == $0.value }
            }
            let pods = dependents(of: set, .pods).filter { !$0.value.isTerminating }
            for node in nodes where !pods.contains(where: { $0.value["spec"]?["nodeName"]?.text == node.name }) {
                var pod = pod(
                    from: template, of: key, set, labels: ["controller-revision-hash": .string(revision)])
                pod["spec"]?["nodeName"] = .string(node.name)
                let podKey = Key(
                    resource: .pods, namespace: key.namespace, name: "\(key.name)-\(Self.suffix())")
                if let complaint = createDependent(podKey, pod) {
                    event(key, reason: "FailedCreate", "Error creating: \(complaint)", from: "daemonset-controller")
                }
            }
            let names = nodes.map(\.name)
            for (pod, value) in pods {
                let isOld = value.labels["controller-revision-hash"]?.text != revision
                let isMisplaced = !names.contains(value["spec"]?["nodeName"]?.text ?? "")
                let rolls = set["spec"]?["updateStrategy"]?["type"]?.text == "RollingUpdate"
                if isMisplaced || (isOld && rolls) { delete(pod) }
            }
            let present = dependents(of: set, .pods).map(\.value).filter { !$0.isTerminating }
            let ready = present.filter { Self.isReady($0) }.count
            let updated = present.filter { $0.labels["controller-revision-hash"]?.text == revision }.count
            putStatus(
                key,
                [
                    "observedGeneration": set["metadata"]?["generation"] ?? 1,
                    "desiredNumberScheduled": JSONValue(nodes.count),
                    "currentNumberScheduled": JSONValue(present.count), "numberReady": JSONValue(ready),
                    "numberAvailable": JSONValue(ready), "updatedNumberScheduled": JSONValue(updated),
                    "numberUnavailable": JSONValue(nodes.count - ready), "numberMisscheduled": 0,
                ])
        }
    }
}
