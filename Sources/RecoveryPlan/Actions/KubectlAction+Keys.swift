package import Documents
internal import Kubernetes

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
        var patch: KubernetesObject?
        var with: JSONValue?
        var setImage: KubernetesObject?
        var image: String?
        var container: String?
        var rolloutUndo: KubernetesObject?
        var revision: Int?
        var jobFrom: KubernetesObject?
        var job: String?
        var hold: [KubernetesObject] = []
        var managed: KubernetesScale.ManagedUse?
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
        Key("patch", \.patch, as: .kubernetesObject, about: "Object to change; needs 'with'."),
        Key(
            "with", \.with, as: .json,
            about: "Patch: a mapping of fields to merge, or a list of JSON Patch operations."),
        Key(
            "set_image", \.setImage, as: .kubernetesObject,
            about: "Workload whose container gets another image; needs 'image'."),
        Key("image", \.image, as: .text, about: "Image of the container, such as web/server:12.1.0."),
        Key("container", \.container, as: .kubernetesName, about: "Container (default: the only one)."),
        Key(
            "rollout_undo", \.rolloutUndo, as: .kubernetesObject,
            about: "Workload that returns to its previous revision, or to 'revision'."),
        Key(
            "revision", \.revision, as: .count(1...1_000_000),
            about: "Revision to return to (default: the previous one)."),
        Key(
            "job_from", \.jobFrom, as: .kubernetesObject,
            about: "CronJob to make a Job from, such as cronjob/compaction; waits for the end of the Job."),
        Key("job", \.job, as: .kubernetesName, about: "Name of the Job (default: made from the CronJob and the run)."),
        Key(
            "hold", \.hold, as: .list(of: .kubernetesObject),
            about:
                "For 'apply': workloads to create with 0 replicas, so that none starts with an empty volume. dr holds only those that a step of the plan scales up."
        ),
        Key(
            "managed", \.managed, as: .word(),
            about:
                "For 'scale': 'pause' operators and GitOps controllers of the workload while it has 0 replicas (default), or 'leave' them."
        ),
        Key("namespace", \.namespace, as: .kubernetesName, about: "Namespace of the objects."),
        Key(
            "context", \.context, as: .text,
            about: "Context in the kubeconfig (default: the current one, which may be the wrong cluster)."),
        Key(
            "force", \.force, as: .flag, about: "For 'apply': take over fields that other managers own (default: true)."
        ),
        Key("within", \.within, as: .period, about: "Time limit for the cluster (default: 5m)."),
    ]

    private static let verbs = [
        "apply", "create_namespace", "scale", "rollout", "wait", "delete", "patch", "set_image", "rollout_undo",
        "job_from",
    ]

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
        let needs = ["scale": "replicas", "wait": "for", "patch": "with", "set_image": "image"]
        if let key = needs[verb], !written.contains(key) {
            reader.complain(written[verb], "'\(verb)' needs '\(key)'")
        }
        let belongs = [
            "replicas": "scale", "for": "wait", "selector": "wait", "force": "apply", "hold": "apply",
            "managed": "scale",
            "with": "patch", "image": "set_image", "container": "set_image", "revision": "rollout_undo",
            "job": "job_from",
        ]
        for (key, owner) in belongs.sorted(by: { $0.key < $1.key }) where written.contains(key) && owner != verb {
            reader.complain(written[key], "'\(key)' belongs to '\(owner)'")
        }
        if let wait {
            let isObject = KubernetesObject(wait) != nil
            if selector == nil ? !isObject : !wait.isKubernetesName {
                reader.complain(written["wait"], "expected TYPE/NAME, or a type with 'selector', found '\(wait)'")
            }
        }
        if let with,
            with.object == nil && with.array == nil || with.object?.isEmpty == true || with.array?.isEmpty == true
        {
            reader.complain(written["with"], "expected a mapping of fields, or a list of JSON Patch operations")
        }
        if let jobFrom, !["cronjob", "cronjobs", "cj", "cronjob.batch", "cronjobs.batch"].contains(jobFrom.type) {
            reader.complain(written["job_from"], "'\(jobFrom)' is not a CronJob: write cronjob/NAME")
        }
        if let image, image.contains(where: \.isWhitespace) {
            reader.complain(written["image"], "'\(image)' is not a valid image")
        }
        for (key, text) in [("image", image), ("for", condition), ("selector", selector), ("context", context)] {
            if text?.hasPrefix("-") == true { reader.complain(written[key], "'\(key)' must not begin with '-'") }
        }
    }

    /// The action. Valid only after ``validate(_:_:)`` found no error.
    var action: KubectlAction {
        var action = KubectlAction()
        action.namespace = namespace
        // An empty parameter stands for the current context, or for the cluster that dr runs in.
        action.context = context.flatMap { $0.isEmpty ? nil : $0 }
        action.force = force
        if let within { action.within = within }
        action.isWithinGiven = within != nil
        if let apply { action.verb = .apply(apply, hold: hold) }
        if let createNamespace { action.verb = .createNamespace(createNamespace) }
        if let scale, let replicas { action.verb = .scale(scale, replicas, managed: managed ?? .pause) }
        if let rollout { action.verb = .rollout(rollout) }
        if let wait, let condition { action.verb = .wait(wait, selector: selector, condition: condition) }
        if let delete { action.verb = .delete(delete) }
        if let patch, let with { action.verb = .patch(KubernetesPatch(object: patch, patch: with)) }
        if let setImage, let image {
            action.verb = .setImage(KubernetesImage(object: setImage, image: image, container: container))
        }
        if let rolloutUndo {
            action.verb = .rolloutUndo(KubernetesUndo(object: rolloutUndo, revision: revision))
        }
        if let jobFrom { action.verb = .jobFrom(jobFrom, name: job) }
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
