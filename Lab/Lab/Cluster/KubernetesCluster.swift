package import Documents
package import Foundation

/// The objects of a stand-in's cluster, and its responses.
///
/// Controllers run in ``settle()``, which each request calls, and a thread of the stand-in.
package struct KubernetesCluster: Sendable {
    package struct Key: Hashable, Sendable {
        package var resource: KubernetesResource
        /// The namespace; empty for objects without one.
        package var namespace: String
        package var name: String

        /// The name in messages: `deployments.apps "loki"`.
        var text: String { "\(resource.qualifiedName) \"\(name)\"" }
    }

    /// The delays of the cluster's controllers.
    package var lag: KubernetesLag
    /// The names of workloads that never become available because their image cannot be pulled.
    package var stuck: Set<String> = []
    /// Images that no registry contains.
    package var missingImages: Set<String> = []
    /// The names of jobs whose pods fail on a simulated node; `JOB-INDEX` for one index.
    package var failing: Set<String> = []
    /// Denied requests, such as "patch deployments/scale", "list secrets@monitoring" in one namespace, or "* nodes".
    package var denied: Set<String> = []
    /// True if the server no longer accepts the client's token.
    package var isTokenExpired = false
    /// The time that the server takes for each response.
    package var slowness: Duration = .zero
    /// The user in messages about access.
    package var user = "nobody"
    /// The folder in which the provisioner creates the directories of volumes; nil for volumes without a directory.
    package var volumeFolder: URL?
    /// True if each namespace gets the service account `default` and the ConfigMap `kube-root-ca.crt`.
    package var completesNamespaces = false
    /// The operators that are installed.
    package var operators: Set<KubernetesOperator> = []
    /// True if a pod on a simulated node runs at once. False once a kubelet has registered its node.
    var isSimulated = true
    var resources = KubernetesResource.builtIn
    var version = 1
    var objects: [KubernetesResource: [Key: JSONValue]] = [:]
    /// The field managers of each object, for server-side apply.
    var managers: [Key: [KubernetesFieldManager: KubernetesFieldManager.Fields]] = [:]
    var changes: [KubernetesChange] = []
    /// The oldest version from which a watch can start.
    var oldestChange = 0
    var timers = KubernetesTimers()
    var settledVersion = 0
    /// True if an object was removed since the last garbage collection.
    var hasRemovals = false
    /// The pods of each Job, by its uid.
    var jobPods: [String: JobPods] = [:]
    /// The states that the operators reapply, by object.
    var desired: [Key: JSONValue] = [:]

    init(settling: Duration) {
        lag = KubernetesLag(settling: settling)
        put(KubernetesCluster.namespace("default"), [:])
        installDefaults()
    }

    // MARK: For tests

    /// Returns the names of all objects of a kind, in all namespaces.
    package func names(of kind: String) -> [String] {
        objects.filter { $0.key.kind == kind }.flatMap(\.value.keys).map(\.name).sorted()
    }

    package func object(_ kind: String, _ name: String, in namespace: String = "") -> JSONValue? {
        objects.filter { $0.key.kind == kind }.flatMap(\.value)
            .first { $0.key.namespace == namespace && $0.key.name == name }?.value
    }

    /// Returns all objects of a kind in a namespace, or in all of them.
    package func all(_ kind: String, in namespace: String? = nil) -> [JSONValue] {
        objects.filter { $0.key.kind == kind }.flatMap(\.value)
            .filter { namespace == nil || $0.key.namespace == namespace }
            .sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }.map(\.value)
    }

    /// Creates or replaces an object as its controller or a user would, without admission.
    package mutating func set(_ object: JSONValue) {
        guard let key = key(of: object) else { return }
        let old = self[key]
        let stored = put(key, object)
        recordUpdate(key, from: old, to: stored, by: KubernetesFieldManager("lab"))
    }

    /// Changes an object in place.
    package mutating func change(
        _ kind: String, _ name: String, in namespace: String = "", _ body: (inout JSONValue) -> Void
    ) {
        guard let resource = resources.first(where: { $0.kind == kind }) else { return }
        let key = Key(resource: resource, namespace: namespace, name: name)
        guard var object = self[key] else { return }
        body(&object)
        put(key, object)
    }

    func key(of object: JSONValue) -> Key? {
        guard let kind = object["kind"]?.text, let name = object["metadata"]?["name"]?.text else { return nil }
        let group = (object["apiVersion"]?.text ?? "v1").split(separator: "/").dropLast().first.map(String.init) ?? ""
        guard let resource = resources.first(where: { $0.kind == kind && $0.group == group }) else { return nil }
        return Key(
            resource: resource, namespace: resource.isNamespaced ? object.namespace ?? "default" : "", name: name)
    }

    // MARK: Responses

    mutating func answer(_ request: StandInRequest) -> StandInAnswer {
        settle()
        guard !isTokenExpired || ["/readyz", "/livez", "/healthz"].contains(request.path) else {
            return .kubernetes(401, "Unauthorized", "Unauthorized")
        }
        guard request.body.count <= 3_145_728 else {
            return .kubernetes(
                413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
        }
        guard request.contentType != KubernetesProtobuf.contentType else {
            return .kubernetes(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml")
        }
        if request.method == "GET", let answer = KubernetesDiscovery(resources: resources).answer(request) {
            return answer
        }
        if request.method == "POST", let answer = review(request) { return answer }
        guard let target = KubernetesTarget(request.segments, among: resources) else {
            return .kubernetes(404, "NotFound", "the server could not find the requested resource")
        }
        if let refusal = refusal(request, target) { return refusal }
        guard request.query["dryRun"] == "All" || request.json?["dryRun"] == ["All"] else {
            return answer(request, target)
        }
        var copy = self  // a dry run changes only a copy
        return copy.answer(request, target)
    }

    private mutating func answer(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        guard let name = target.name else {
            switch request.method {
            case "GET": return list(request, target)
            case "POST": return create(request, target)
            case "DELETE": return deleteCollection(request, target)
            default: return .notAllowed
            }
        }
        let key = Key(resource: target.resource, namespace: target.namespace ?? "", name: name)
        let isApply = request.contentType == "application/apply-patch+yaml"
        guard self[key] != nil || (request.method == "PATCH" && isApply && target.subresource == nil) else {
            return .kubernetes(404, "NotFound", "\(key.text) not found", key)
        }
        switch target.subresource {
        case "scale": return scale(request, key)
        case "eviction": return delete(request, key)
        case "binding": return bind(request, key)
        case "token": return .json(201, ["kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"])
        default: break
        }
        switch request.method {
        case "GET": return .json(200, shown(key, target))
        case "PATCH" where isApply: return apply(request, key, target)
        case "PATCH": return patch(request, key, target)
        case "PUT": return update(request, key, target)
        case "DELETE": return delete(request, key)
        default: return .notAllowed
        }
    }

    // MARK: Storing

    static func namespace(_ name: String) -> Key { Key(resource: .namespaces, namespace: "", name: name) }

    subscript(_ key: Key) -> JSONValue? { objects[key.resource]?[key] }

    func all(_ resource: KubernetesResource, in namespace: String? = nil) -> [(key: Key, value: JSONValue)] {
        (objects[resource] ?? [:]).filter { namespace == nil || $0.key.namespace == namespace }
            .sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }
    }

    /// Stores an object with the fields that the server adds. An unchanged object keeps its version.
    @discardableResult
    mutating func put(_ key: Key, _ object: JSONValue) -> JSONValue {
        let old = self[key]
        var object = object.adding(["kind": .string(key.resource.kind), "apiVersion": .string(key.resource.apiVersion)])
        var metadata = (object["metadata"] ?? [:]).removing(["managedFields", "selfLink"])
        metadata["name"] = .string(key.name)
        if key.resource.isNamespaced { metadata["namespace"] = .string(key.namespace) }
        let kept = old?["metadata"]
        metadata["uid"] = kept?["uid"] ?? .string(UUID().uuidString.lowercased())
        metadata["creationTimestamp"] = kept?["creationTimestamp"] ?? .now
        metadata["resourceVersion"] = kept?["resourceVersion"]
        metadata["generation"] = kept?["generation"]
        object["metadata"] = metadata
        complete(key, &object)
        if let old, old == object { return old }
        let ignored = ["metadata", "status", "kind", "apiVersion"]
        if old?.removing(ignored) != object.removing(ignored) {
            metadata["generation"] = JSONValue((kept?["generation"]?.integer ?? 0) + 1)
        }
        version += 1
        metadata["resourceVersion"] = "\(version)"
        object["metadata"] = metadata
        objects[key.resource, default: [:]][key] = object
        note(KubernetesChange(version: version, type: old == nil ? "ADDED" : "MODIFIED", key, object, before: old))
        return object
    }

    mutating func remove(_ key: Key) {
        guard let object = objects[key.resource]?.removeValue(forKey: key) else { return }
        version += 1
        managers[key] = nil
        desired[key] = nil
        hasRemovals = true
        var last = object
        last["metadata"]?["resourceVersion"] = "\(version)"
        note(KubernetesChange(version: version, type: "DELETED", key, last, before: object))
    }

    private mutating func note(_ change: KubernetesChange) {
        changes.append(change)
        guard changes.count > 10_000 else { return }
        changes.removeFirst(5000)
        oldestChange = changes.first?.version ?? version
    }
}

/// A change of an object, for watches.
struct KubernetesChange: Sendable {
    var version: Int
    var type: String
    var key: KubernetesCluster.Key
    var object: JSONValue
    var before: JSONValue?

    init(version: Int, type: String, _ key: KubernetesCluster.Key, _ object: JSONValue, before: JSONValue?) {
        self.version = version
        self.type = type
        self.key = key
        self.object = object
        self.before = before
    }
}

extension StandInRequest {
    /// The media type of the body without parameters.
    var contentType: String {
        headers["content-type"]?.split(separator: ";").first.map(String.init) ?? "application/json"
    }
}

extension JSONValue {
    /// The current time as the API writes it.
    static var now: JSONValue { .string(Date().ISO8601Format()) }

    /// Members of `metadata`.
    var name: String { self["metadata"]?["name"]?.text ?? "" }
    var namespace: String? { self["metadata"]?["namespace"]?.text }
    var uid: String { self["metadata"]?["uid"]?.text ?? "" }
    var labels: JSONValue { self["metadata"]?["labels"] ?? [:] }
    var isTerminating: Bool { self["metadata"]?["deletionTimestamp"] != nil }
    var finalizers: [String] { (self["metadata"]?["finalizers"]?.array ?? []).compactMap(\.text) }

    /// The owner reference of the controller.
    var controller: JSONValue? {
        self["metadata"]?["ownerReferences"]?.array?.first { $0["controller"]?.bool == true }
    }
}

extension StandInAnswer {
    static let notAllowed = kubernetes(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    /// Returns an error in the API's form: an object of kind `Status`.
    static func kubernetes(
        _ code: Int, _ reason: String, _ message: String, _ key: KubernetesCluster.Key? = nil, causes: [JSONValue] = []
    ) -> StandInAnswer {
        var details: JSONValue = ["causes": .array(causes)]
        if let key {
            details = details.adding([
                "name": .string(key.name), "kind": .string(key.resource.plural), "group": .string(key.resource.group),
            ])
        }
        return .json(
            code,
            [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "reason": .string(reason),
                "message": .string(message), "details": details, "code": JSONValue(code),
            ])
    }
}
