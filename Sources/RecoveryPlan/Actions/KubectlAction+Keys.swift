package import Documents
internal import Kubernetes
internal import Yams

/// The syntax of a ``KubectlAction`` in a plan.
extension KubectlAction {
    package static let shape = Shape<Self>(schema: Keys.oneVerb) { node, reader in
        reader.section(Keys.self, from: node)?.action
    }

    fileprivate struct Keys: Equatable, Sendable {
        var apply: String?
        var createNamespace: String?
        var scale: KubernetesObject?
        var replicas: KubernetesScale.Replicas?
        var rollout: KubernetesObject?
        var wait: String?
        var selector: String?
        var condition: String?
        var delete: KubernetesObject?
        var namespace: String?
        var context: String?
        var force = true
        var within: Period?

        init() {}
    }
}

extension KubectlAction.Keys: Section {
    static let keys: [Key<Self>] = [
        Key("apply", \.apply, as: .path, about: "File, folder or kustomization folder for a server-side apply."),
        Key(
            "create_namespace", \.createNamespace, as: .kubernetesName,
            about: "Namespace to create if it does not exist."),
        Key(
            "scale", \.scale, as: .kubernetesObject,
            about: "Workload to scale, such as statefulset/metrics; needs 'replicas'."),
        Key(
            "replicas", \.replicas, as: .replicas,
            about: "Number of replicas, or 'previous' for the number before dr scaled the workload to 0."),
        Key("rollout", \.rollout, as: .kubernetesObject, about: "Workload whose rollout must complete."),
        Key(
            "wait", \.wait, as: .text, about: "Objects to wait for: TYPE/NAME, or a type with 'selector'; needs 'for'."),
        Key("selector", \.selector, as: .text, about: "Labels of the objects to wait for, such as app=logs."),
        Key(
            "for", \.condition, as: .text,
            about: "Condition to wait for: condition=NAME, jsonpath='{…}'=VALUE, create, or delete."
        ),
        Key("delete", \.delete, as: .kubernetesObject, about: "Object to delete if it exists."),
        Key("namespace", \.namespace, as: .kubernetesName, about: "Namespace of the objects."),
        Key(
            "context", \.context, as: .text,
            about: "Context in the kubeconfig (default: the current one, which may be the wrong cluster)."),
        Key(
            "force", \.force, as: .flag, about: "For 'apply': take over fields that other managers own (default: true)."
        ),
        Key("within", \.within, as: .period, about: "Time limit for the cluster (default: 5m)."),
    ]

    private static let verbs = ["apply", "create_namespace", "scale", "rollout", "wait", "delete"]

    static var oneVerb: JSONValue {
        schema().adding(["oneOf": .array(verbs.map { ["required": [.string($0)]] })])
    }

    func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let given = Self.verbs.filter(written.contains)
        guard let verb = given.first, given.count == 1 else {
            let found = given.isEmpty ? "none" : given.joined(separator: " and ")
            reader.complain(
                written.section, "expected one kubectl verb, found \(found)",
                hint: "use one of \(Self.verbs.joined(separator: ", "))")
            return
        }
        let needs = ["scale": "replicas", "wait": "for"]
        if let key = needs[verb], !written.contains(key) {
            reader.complain(written[verb], "'\(verb)' needs '\(key)'")
        }
        let belongs = ["replicas": "scale", "for": "wait", "selector": "wait", "force": "apply"]
        for (key, owner) in belongs.sorted(by: { $0.key < $1.key }) where written.contains(key) && owner != verb {
            reader.complain(written[key], "'\(key)' belongs to '\(owner)'")
        }
        if let wait {
            let isObject = KubernetesObject(wait) != nil
            if selector == nil ? !isObject : !wait.isKubernetesName {
                reader.complain(written["wait"], "expected TYPE/NAME, or a type with 'selector', found '\(wait)'")
            }
        }
        for (key, text) in [("for", condition), ("selector", selector), ("context", context)] {
            if text?.hasPrefix("-") == true { reader.complain(written[key], "'\(key)' must not begin with '-'") }
        }
    }

    /// The action. Valid only after ``validate(_:_:)`` found no error.
    var action: KubectlAction {
        var action = KubectlAction()
        action.namespace = namespace
        action.context = context
        action.force = force
        if let within { action.within = within }
        if let apply { action.verb = .apply(apply) }
        if let createNamespace { action.verb = .createNamespace(createNamespace) }
        if let scale, let replicas { action.verb = .scale(scale, replicas) }
        if let rollout { action.verb = .rollout(rollout) }
        if let wait, let condition { action.verb = .wait(wait, selector: selector, condition: condition) }
        if let delete { action.verb = .delete(delete) }
        return action
    }
}

extension Shape where Value == String {
    fileprivate static let kubernetesName = Shape(schema: ["type": "string", "pattern": "^[a-z0-9][a-z0-9.-]*$"]) {
        node, reader in
        guard let name = text.read(node, &reader) else { return nil }
        guard name.isKubernetesName else {
            reader.complain(node, "'\(name)' is not a valid name: use lower-case letters, digits, '-' and '.'")
            return nil
        }
        return name
    }
}

extension Shape where Value == KubernetesObject {
    fileprivate static let kubernetesObject = Shape(
        schema: ["type": "string", "pattern": "^[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9.-]*$"]
    ) { node, reader in
        guard let text = Shape<String>.text.read(node, &reader) else { return nil }
        guard let object = KubernetesObject(text) else {
            reader.complain(
                node, "'\(text)' is not a valid object: write it as TYPE/NAME, such as statefulset/metrics")
            return nil
        }
        return object
    }
}

extension Shape where Value == KubernetesScale.Replicas {
    /// A number, quoted or not, because a parameter's value is text.
    fileprivate static let replicas = Shape(
        schema: ["anyOf": [["type": "integer", "minimum": 0], ["type": "string", "pattern": "^([0-9]+|previous)$"]]]
    ) { node, reader in
        let text = node.scalar?.string ?? ""
        if text == "previous" { return .previous }
        guard let count = Int(text), (0...10_000).contains(count) else {
            reader.complain(node, "expected a number of replicas or 'previous', found \(node.kindForPeople)")
            return nil
        }
        return .count(count)
    }
}
