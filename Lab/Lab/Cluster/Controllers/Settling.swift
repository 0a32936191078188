internal import Documents

/// The controllers of the cluster. Each looks at the present objects and takes the next step, as real ones do.
extension KubernetesCluster {
    /// Runs the controllers until none of them has anything to do now.
    mutating func settle() {
        guard timers.advance() || version != settledVersion else { return }
        for _ in 0..<200 {
            settledVersion = version
            settleDefinitions()
            collectGarbage()
            settleNamespaces()
            completeNamespaces()
            settleNodes()
            settleOperators()
            settleDeployments()
            settleReplicaSets()
            settleStatefulSets()
            settleDaemonSets()
            settleJobs()
            settleSnapshots()
            settleClaims()
            schedulePods()
            runSimulatedPods()
            settleQuotas()
            guard version != settledVersion else { return }
        }
    }

    /// True once the controller of a workload may act on the present generation of it.
    mutating func hasSettled(_ object: JSONValue) -> Bool {
        let generation = object["metadata"]?["generation"]?.integer ?? 0
        return timers.hasPassed(lag.settling, since: "settle/\(object.uid)/\(generation)")
    }

    /// Stores a status, later if the status follows with a delay.
    mutating func putStatus(_ key: Key, _ status: JSONValue) {
        guard var object = self[key] else { return }
        let timer = "status/\(object.uid)"
        guard object["status"] != status else { return timers.forget(timer) }
        guard timers.hasPassed(lag.status, since: timer) else { return }
        timers.forget(timer)
        object["status"] = status
        put(key, object)
    }

    // MARK: Dependents

    func ownerReference(to key: Key, _ object: JSONValue) -> JSONValue {
        [
            "apiVersion": .string(key.resource.apiVersion), "kind": .string(key.resource.kind),
            "name": .string(key.name), "uid": .string(object.uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// Returns the objects of a type that a controller owns.
    func dependents(of owner: JSONValue, _ resource: KubernetesResource) -> [(key: Key, value: JSONValue)] {
        all(resource, in: owner.namespace ?? "").filter { $0.value.controller?["uid"]?.text == owner.uid }
    }

    /// Creates an object for a controller.
    /// - Returns: the message of the refusal, or nil.
    mutating func createDependent(_ key: Key, _ object: JSONValue) -> String? {
        guard self[key] == nil else { return "\(key.text) already exists" }
        var object = object.adding(["kind": .string(key.resource.kind), "apiVersion": .string(key.resource.apiVersion)])
        object["metadata"]?["name"] = .string(key.name)
        object["metadata"]?["namespace"] = .string(key.namespace)
        if let refusal = admit(key, &object, isNew: true) {
            return (try? JSONValue(parsing: refusal.body))?["message"]?.text ?? "refused"
        }
        put(key, object)
        return nil
    }

    /// Returns a pod by the template of a workload.
    func pod(from template: JSONValue?, of key: Key, _ owner: JSONValue, labels: [String: JSONValue] = [:])
        -> JSONValue
    {
        var metadata: JSONValue = [
            "labels": (template?["metadata"]?["labels"] ?? [:]).adding(labels),
            "ownerReferences": [ownerReference(to: key, owner)],
        ]
        metadata["annotations"] = template?["metadata"]?["annotations"]
        return ["metadata": metadata, "spec": template?["spec"] ?? [:]]
    }

    static func hash(_ value: JSONValue?) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in (value ?? .null).compact { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        var text = ""
        for _ in 0..<9 {
            text.append(letters[Int(hash % 27)])
            hash = hash / 27 &+ hash &* 31
        }
        return text
    }

    // MARK: Events

    /// Records an event, once for each object and message.
    mutating func event(
        _ key: Key, reason: String, _ message: String, isWarning: Bool = true, from component: String
    ) {
        guard let object = self[key] else { return }
        let name = "\(key.name).\(Self.hash(["\(object.uid)", .string(reason), .string(message)]))"
        let namespace = key.namespace.isEmpty ? "default" : key.namespace
        let event = Key(resource: .events, namespace: namespace, name: name)
        guard self[event] == nil, self[Self.namespace(namespace)]?.isTerminating == false else { return }
        put(
            event,
            [
                "involvedObject": [
                    "kind": .string(key.resource.kind), "namespace": .string(key.namespace), "name": .string(key.name),
                    "uid": .string(object.uid), "apiVersion": .string(key.resource.apiVersion),
                    "resourceVersion": object["metadata"]?["resourceVersion"] ?? "",
                ],
                "reason": .string(reason), "message": .string(message), "type": isWarning ? "Warning" : "Normal",
                "source": ["component": .string(component)], "reportingComponent": .string(component),
                "reportingInstance": "", "firstTimestamp": .now, "lastTimestamp": .now, "count": 1,
            ])
    }

    // MARK: Custom resources

    /// Offers the types of new CustomResourceDefinitions and takes back those of removed ones.
    mutating func settleDefinitions() {
        for (key, definition) in all(.definitions) where !definition.isTerminating {
            guard let resource = KubernetesResource(definition: definition) else { continue }
            var definition = definition
            definition["status"] = [
                "acceptedNames": definition["spec"]?["names"] ?? [:], "storedVersions": [.string(resource.version)],
                "conditions": [
                    [
                        "type": "NamesAccepted", "status": "True", "reason": "NoConflicts",
                        "message": "no conflicts found",
                    ]
                ],
            ]
            let hasPassed = timers.hasPassed(lag.definition, since: "definition/\(definition.uid)")
            if hasPassed {
                if let index = resources.firstIndex(of: resource) {
                    resources[index] = resource
                } else {
                    resources.append(resource)
                }
            }
            let established: JSONValue = [
                "type": "Established", "status": hasPassed ? "True" : "False",
                "reason": hasPassed ? "InitialNamesAccepted" : "Installing",
                "message": hasPassed
                    ? "the initial names have been accepted" : "the initial names have been accepted, installing",
            ]
            let conditions = (definition["status"]?["conditions"]?.array ?? []) + [established]
            definition["status"]?["conditions"] = .array(conditions)
            put(key, definition)
        }
        let defined = Set(all(.definitions).map(\.key.name))
        for resource in resources where resource.isCustom && !defined.contains(resource.qualifiedName) {
            for (key, _) in all(resource) { remove(key) }
            resources.removeAll { $0 == resource }
        }
    }
}
