internal import Documents

/// Access rules: everything is allowed that is not in ``KubernetesCluster/denied``.
extension KubernetesCluster {
    func refusal(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer? {
        let verb = verb(request, target)
        guard isDenied(verb, target.path, target.namespace) else { return nil }
        let subject = target.name.map { "\(target.resource.qualifiedName) \"\($0)\"" } ?? target.resource.qualifiedName
        let scope = target.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        return .kubernetes(
            403, "Forbidden",
            "\(subject) is forbidden: User \"\(user)\" cannot \(verb) resource \"\(target.path)\" "
                + "in API group \"\(target.resource.group)\" \(scope)",
            Key(resource: target.resource, namespace: target.namespace ?? "", name: target.name ?? ""))
    }

    private func verb(_ request: StandInRequest, _ target: KubernetesTarget) -> String {
        // Servers check "create" for the streams of a pod, also when a WebSocket asks with GET.
        if ["exec", "portforward", "attach"].contains(target.subresource) { return "create" }
        return switch request.method {
        case "GET" where ["true", "1"].contains(request.query["watch"]): "watch"
        case "GET": target.name == nil ? "list" : "get"
        case "POST": "create"
        case "PATCH": "patch"
        case "PUT": "update"
        default: target.name == nil ? "deletecollection" : "delete"
        }
    }

    func isDenied(_ verb: String, _ path: String, _ namespace: String?) -> Bool {
        guard !denied.isEmpty else { return false }
        let rules = ["\(verb) \(path)", "* \(path)", "\(verb) *", "* *"]
        return rules.contains { denied.contains($0) || denied.contains("\($0)@\(namespace ?? "")") }
    }

    /// Answers reviews of the client's own access.
    func review(_ request: StandInRequest) -> StandInAnswer? {
        let prefix = "/apis/authorization.k8s.io/v1/"
        guard request.path.hasPrefix(prefix), let body = request.json else { return nil }
        let status: JSONValue
        switch request.path.dropFirst(prefix.count) {
        case "selfsubjectaccessreviews":
            let asked = body["spec"]?["resourceAttributes"]
            let resource = asked?["resource"]?.text ?? ""
            let subresource = asked?["subresource"]?.text ?? ""
            let path = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
            let namespace = asked?["namespace"]?.text.flatMap { $0.isEmpty ? nil : $0 }
            let isAllowed = !isDenied(asked?["verb"]?.text ?? "", path, namespace)
            status = ["allowed": .bool(isAllowed)]
        case "selfsubjectrulesreviews":
            let namespace = body["spec"]?["namespace"]?.text
            status = [
                "resourceRules": .array(rules(in: namespace)), "nonResourceRules": [], "incomplete": false,
            ]
        default: return nil
        }
        return .json(201, body.adding(["status": status]))
    }

    private func rules(in namespace: String?) -> [JSONValue] {
        let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
        guard !denied.isEmpty else { return [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]] }
        return resources.flatMap { resource -> [JSONValue] in
            var paths = [resource.plural]
            if resource.hasStatus { paths.append("\(resource.plural)/status") }
            if resource.scale != nil { paths.append("\(resource.plural)/scale") }
            if resource == .pods { paths += ["pods/exec", "pods/portforward", "pods/log", "pods/eviction"] }
            return paths.compactMap { path in
                let allowed = verbs.filter { !isDenied($0, path, namespace) }
                guard !allowed.isEmpty else { return nil }
                return [
                    "verbs": .array(allowed.map { .string($0) }), "apiGroups": [.string(resource.group)],
                    "resources": [.string(path)],
                ]
            }
        }
    }
}
