internal import Documents

/// Quotas and pod security: admission rules that a namespace has.
extension KubernetesCluster {
    func refusalByPolicy(_ key: Key, _ object: JSONValue) -> StandInAnswer? {
        refusalByPodSecurity(key, object) ?? refusalByQuota(key, object)
    }

    // MARK: Quotas

    /// https://kubernetes.io/docs/concepts/policy/resource-quotas/
    private func refusalByQuota(_ key: Key, _ object: JSONValue) -> StandInAnswer? {
        for (quotaKey, quota) in all(.quotas, in: key.namespace) {
            let hard = quota["spec"]?["hard"]?.object ?? [:]
            var requested: [String] = []
            var used: [String] = []
            var limited: [String] = []
            for (name, limit) in hard.sorted(by: { $0.key < $1.key }) {
                guard let amount = amount(of: name, key.resource, object) else { continue }
                if amount == .zero, key.resource == .pods, name != "pods", !name.hasPrefix("count/") {
                    return forbidden(
                        key,
                        "failed quota: \(quotaKey.name): must specify \(name) for: "
                            + (object["spec"]?["containers"]?.array?.first?["name"]?.text ?? ""))
                }
                let present = usage(of: name, key.resource, in: key.namespace)
                guard present + amount > KubernetesQuantity(limit) else { continue }
                requested.append("\(name)=\(amount.text)")
                used.append("\(name)=\(present.text)")
                limited.append("\(name)=\(limit.text ?? KubernetesQuantity(limit).text)")
            }
            guard requested.isEmpty else {
                return forbidden(
                    key,
                    "exceeded quota: \(quotaKey.name), requested: \(requested.joined(separator: ",")), "
                        + "used: \(used.joined(separator: ",")), limited: \(limited.joined(separator: ","))")
            }
        }
        return nil
    }

    private func forbidden(_ key: Key, _ reason: String) -> StandInAnswer {
        .kubernetes(403, "Forbidden", "\(key.text) is forbidden: \(reason)", key)
    }

    /// Returns the amount of a quota's resource that an object takes; nil if the quota does not count the object.
    private func amount(
        of name: String, _ resource: KubernetesResource, _ object: JSONValue
    ) -> KubernetesQuantity? {
        let one = KubernetesQuantity(text: "1")
        if name == "count/\(resource.qualifiedName)" || (resource.group.isEmpty && name == resource.plural) {
            return one
        }
        if resource == .claims {
            let size = KubernetesQuantity(object["spec"]?["resources"]?["requests"]?["storage"])
            if name == "requests.storage" { return size }
            let prefix = "\(object["spec"]?["storageClassName"]?.text ?? "").storageclass.storage.k8s.io/"
            if name == prefix + "requests.storage" { return size }
            return name == prefix + "persistentvolumeclaims" ? one : nil
        }
        guard resource == .pods else { return nil }
        switch name {
        case "cpu", "memory": return Self.requests(object, name)
        case "requests.cpu", "requests.memory": return Self.requests(object, String(name.dropFirst(9)))
        case "limits.cpu", "limits.memory": return Self.requests(object, String(name.dropFirst(7)), "limits")
        default: return nil
        }
    }

    private func usage(of name: String, _ resource: KubernetesResource, in namespace: String) -> KubernetesQuantity {
        all(resource, in: namespace).filter { !["Succeeded", "Failed"].contains($0.value["status"]?["phase"]?.text) }
            .compactMap { amount(of: name, resource, $0.value) }.reduce(.zero, +)
    }

    /// Keeps the status of quotas.
    mutating func settleQuotas() {
        for (key, quota) in all(.quotas) {
            let hard = quota["spec"]?["hard"]?.object ?? [:]
            var used: [String: JSONValue] = [:]
            for name in hard.keys {
                let counted = resources.filter { $0.isNamespaced && !$0.isCustom }.map {
                    usage(of: name, $0, in: key.namespace)
                }
                used[name] = .string(counted.reduce(.zero, +).text)
            }
            var quota = quota
            quota["status"] = ["hard": .object(hard), "used": .object(used)]
            put(key, quota)
        }
    }

    // MARK: Pod security

    /// https://kubernetes.io/docs/concepts/security/pod-security-standards/
    private func refusalByPodSecurity(_ key: Key, _ object: JSONValue) -> StandInAnswer? {
        guard key.resource == .pods,
            let level = self[Self.namespace(key.namespace)]?.labels["pod-security.kubernetes.io/enforce"]?.text
        else { return nil }
        let violations: [String] =
            switch level {
            case "restricted": Self.baselineViolations(object) + Self.restrictedViolations(object)
            case "baseline": Self.baselineViolations(object)
            default: []
            }
        guard !violations.isEmpty else { return nil }
        return forbidden(key, "violates PodSecurity \"\(level):latest\": \(violations.joined(separator: ", "))")
    }

    private static func containers(_ pod: JSONValue) -> [JSONValue] {
        ["initContainers", "containers"].flatMap { pod["spec"]?[$0]?.array ?? [] }
    }

    private static func names(_ containers: [JSONValue]) -> String {
        let names: [String] = containers.map { "\"\($0["name"]?.text ?? "")\"" }
        return (names.count == 1 ? "container " : "containers ") + names.joined(separator: ", ")
    }

    private static func baselineViolations(_ pod: JSONValue) -> [String] {
        var violations: [String] = []
        let spec = pod["spec"]
        let host = ["hostNetwork", "hostPID", "hostIPC"].filter { spec?[$0]?.bool == true }
        if !host.isEmpty {
            let settings: [String] = host.map { "\($0)=true" }
            violations.append("host namespaces (\(settings.joined(separator: ", ")))")
        }
        let paths = (spec?["volumes"]?.array ?? []).filter { $0["hostPath"] != nil }
        if !paths.isEmpty {
            let names: [String] = paths.map { "\"\($0["name"]?.text ?? "")\"" }
            let list = names.joined(separator: ", ")
            violations.append("hostPath volumes (\(paths.count == 1 ? "volume" : "volumes") \(list))")
        }
        let privileged = containers(pod).filter { $0["securityContext"]?["privileged"]?.bool == true }
        if !privileged.isEmpty {
            violations.append("privileged (\(names(privileged)) must not set securityContext.privileged=true)")
        }
        return violations
    }

    private static func restrictedViolations(_ pod: JSONValue) -> [String] {
        var violations: [String] = []
        let own = pod["spec"]?["securityContext"]
        let escalating = containers(pod).filter {
            $0["securityContext"]?["allowPrivilegeEscalation"]?.bool != false
        }
        if !escalating.isEmpty {
            violations.append(
                "allowPrivilegeEscalation != false (\(names(escalating)) must set "
                    + "securityContext.allowPrivilegeEscalation=false)")
        }
        let capable = containers(pod).filter {
            $0["securityContext"]?["capabilities"]?["drop"]?.array?.contains("ALL") != true
        }
        if !capable.isEmpty {
            violations.append(
                "unrestricted capabilities (\(names(capable)) must set securityContext.capabilities.drop=[\"ALL\"])")
        }
        let allowed = [
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
        ]
        for volume in pod["spec"]?["volumes"]?.array ?? [] {
            guard let type = volume.object?.keys.first(where: { $0 != "name" }), !allowed.contains(type) else {
                continue
            }
            violations.append(
                "restricted volume types (volume \"\(volume["name"]?.text ?? "")\" uses restricted volume type "
                    + "\"\(type)\")")
        }
        let rooted = containers(pod).filter {
            ($0["securityContext"]?["runAsNonRoot"] ?? own?["runAsNonRoot"])?.bool != true
        }
        if !rooted.isEmpty {
            violations.append(
                "runAsNonRoot != true (pod or \(names(rooted)) must set securityContext.runAsNonRoot=true)")
        }
        let asRoot = containers(pod).filter {
            ($0["securityContext"]?["runAsUser"] ?? own?["runAsUser"])?.integer == 0
        }
        if !asRoot.isEmpty {
            violations.append("runAsUser=0 (pod or \(names(asRoot)) must not set runAsUser=0)")
        }
        let unconfined = containers(pod).filter {
            let profile = $0["securityContext"]?["seccompProfile"] ?? own?["seccompProfile"]
            return !["RuntimeDefault", "Localhost"].contains(profile?["type"]?.text)
        }
        if !unconfined.isEmpty {
            violations.append(
                "seccompProfile (pod or \(names(unconfined)) must set securityContext.seccompProfile.type to "
                    + "\"RuntimeDefault\" or \"Localhost\")")
        }
        return violations
    }
}
