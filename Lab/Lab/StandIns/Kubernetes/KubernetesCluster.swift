package import Documents
internal import Foundation

/// The objects of a stand-in's cluster, and its responses.
package struct KubernetesCluster: Sendable {
    struct Key: Hashable, Sendable {
        var resource: KubernetesResource
        /// The namespace; empty for objects without one.
        var namespace: String
        var name: String
    }

    /// A change of an object, for watches.
    struct Event: Sendable {
        var version: Int
        var type: String
        var key: Key
        var object: JSONValue
    }

    let settling: Duration
    /// The names of workloads that never become available because their image cannot be pulled.
    package var stuck: Set<String> = []
    /// Images that no registry contains.
    package var missingImages: Set<String> = []
    /// Denied requests, such as "patch deployments/scale".
    package var denied: Set<String> = []
    var version = 1
    var objects: [Key: JSONValue] = [:]
    /// The field managers by path, for server-side apply.
    var owners: [Key: [String: String]] = [:]
    /// The times at which workloads reach their desired state or namespaces are deleted.
    var due: [Key: ContinuousClock.Instant] = [:]
    var events: [Event] = []

    init(settling: Duration) {
        self.settling = settling
        put(Key(resource: .namespaces, namespace: "", name: "default"), ["metadata": ["name": "default"]])
    }

    // MARK: For tests

    /// Returns the names of all objects of a kind, in all namespaces.
    package func names(of kind: String) -> [String] {
        objects.keys.filter { $0.resource.kind == kind }.map(\.name).sorted()
    }

    package func object(_ kind: String, _ name: String, in namespace: String = "") -> JSONValue? {
        objects.first { $0.key.resource.kind == kind && $0.key.namespace == namespace && $0.key.name == name }?.value
    }

    // MARK: Responses

    mutating func answer(_ request: StandInRequest) -> StandInAnswer {
        settle()
        if request.method == "GET", let answer = KubernetesDiscovery.answer(request.path) { return answer }
        guard let target = KubernetesTarget(request.segments) else {
            return .kubernetes(404, "NotFound", "no such path")
        }
        if let refusal = refusal(request, target) { return refusal }
        guard let name = target.name else {
            switch request.method {
            case "GET": return list(request, target)
            case "POST": return create(request, target)
            default: return .kubernetes(405, "MethodNotAllowed", "the server does not allow this method")
            }
        }
        let key = Key(resource: target.resource, namespace: target.namespace ?? "", name: name)
        let isApply = request.headers["content-type"] == "application/apply-patch+yaml"
        guard objects[key] != nil || (request.method == "PATCH" && isApply) else {
            return .kubernetes(404, "NotFound", "\(key.resource.qualifiedName) \"\(name)\" not found", key)
        }
        if target.isScale { return scale(request, key) }
        switch request.method {
        case "GET": return .json(200, objects[key] ?? .null)
        case "PATCH" where isApply: return apply(request, key)
        case "PATCH": return patch(request, key)
        case "DELETE": return delete(key)
        default: return .kubernetes(405, "MethodNotAllowed", "the server does not allow this method")
        }
    }

    private func refusal(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer? {
        let verb =
            switch request.method {
            case "GET": target.name == nil ? "list" : "get"
            case "POST": "create"
            case "PATCH": "patch"
            case "PUT": "update"
            default: "delete"
            }
        let resource = target.resource.plural + (target.isScale ? "/scale" : "")
        guard denied.contains("\(verb) \(resource)") else { return nil }
        return .kubernetes(
            403, "Forbidden",
            "\(resource) is forbidden: User \"nobody\" cannot \(verb) resource \"\(resource)\" in the namespace")
    }

    private func list(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        let items = selected(request, target).map(\.value)
        return .json(
            200,
            [
                "kind": "\(target.resource.kind)List", "apiVersion": .string(target.resource.apiVersion),
                "metadata": ["resourceVersion": "\(version)"], "items": .array(items),
            ])
    }

    func selected(_ request: StandInRequest, _ target: KubernetesTarget) -> [(key: Key, value: JSONValue)] {
        objects.filter { key, object in fits(key, object, request, target) }
            .sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }
    }

    /// Returns true if an object matches the request's selectors. Only equality is supported.
    func fits(_ key: Key, _ object: JSONValue, _ request: StandInRequest, _ target: KubernetesTarget) -> Bool {
        guard key.resource == target.resource, target.namespace == nil || target.namespace == key.namespace,
            target.name == nil || target.name == key.name
        else { return false }
        func pairs(_ parameter: String) -> [(String, String)] {
            (request.query[parameter] ?? "").split(separator: ",").map { term in
                let parts = term.split(separator: "=").map(String.init)
                return (parts[0], parts.last ?? "")
            }
        }
        return pairs("labelSelector").allSatisfy { object["metadata"]?["labels"]?[$0.0]?.text == $0.1 }
            && pairs("fieldSelector").allSatisfy { $0.0 != "metadata.name" || $0.1 == key.name }
    }

    private mutating func create(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        guard let object = request.json, let name = object["metadata"]?["name"]?.text else {
            return .kubernetes(400, "BadRequest", "the object has no name")
        }
        let key = Key(resource: target.resource, namespace: target.namespace ?? "", name: name)
        guard objects[key] == nil else {
            return .kubernetes(409, "AlreadyExists", "\(key.resource.qualifiedName) \"\(name)\" already exists", key)
        }
        if let refusal = refusalToCreate(key) { return refusal }
        return .json(201, put(key, object))
    }

    func refusalToCreate(_ key: Key) -> StandInAnswer? {
        guard key.resource.isNamespaced else { return nil }
        let home = objects[Key(resource: .namespaces, namespace: "", name: key.namespace)]
        guard let home else { return .kubernetes(404, "NotFound", "namespaces \"\(key.namespace)\" not found") }
        guard home["status"]?["phase"]?.text != "Terminating" else {
            return .kubernetes(
                403, "Forbidden",
                "unable to create new content in namespace \(key.namespace) because it is being terminated")
        }
        return nil
    }

    private mutating func patch(_ request: StandInRequest, _ key: Key) -> StandInAnswer {
        guard let patch = request.json, let old = objects[key] else {
            return .kubernetes(400, "BadRequest", "the patch is not valid JSON")
        }
        own(Self.leaves(of: patch), key, by: manager(request))
        return .json(200, put(key, Self.merged(old, patch)))
    }

    private mutating func delete(_ key: Key) -> StandInAnswer {
        let uid = objects[key]?["metadata"]?["uid"] ?? ""
        if key.resource == .namespaces {
            var object = objects[key] ?? .null
            object["status"] = ["phase": "Terminating"]
            object["metadata"]?["deletionTimestamp"] = .string(Date().ISO8601Format())
            put(key, object)
            due[key] = .now + settling
        } else {
            remove(key)
        }
        return .json(
            200,
            [
                "kind": "Status", "apiVersion": "v1", "status": "Success",
                "details": ["name": .string(key.name), "kind": .string(key.resource.plural), "uid": uid],
            ])
    }

    // MARK: Watching

    /// Returns the events of a watch.
    /// - Returns: the response; `isWorthIt` is false if there are no events yet.
    mutating func watch(_ request: StandInRequest) -> (StandInAnswer, isWorthIt: Bool) {
        settle()
        guard let target = KubernetesTarget(request.segments) else {
            return (.kubernetes(404, "NotFound", "no such path"), true)
        }
        var lines: [JSONValue] = []
        let from =
            request.query["resourceVersion"].flatMap { Int($0) } ?? request.query["from"].flatMap { Int($0) } ?? 0
        let isStart = request.query["sendInitialEvents"] == "true"
        if isStart || from == 0 || request.query["from"] != nil {
            lines = selected(request, target).map { ["type": "ADDED", "object": $0.value] }
            if isStart {
                let bookmark: JSONValue = [
                    "kind": .string(target.resource.kind), "apiVersion": .string(target.resource.apiVersion),
                    "metadata": [
                        "resourceVersion": "\(version)", "annotations": ["k8s.io/initial-events-end": "true"],
                    ],
                ]
                lines.append(["type": "BOOKMARK", "object": bookmark])
            }
        } else {
            lines = events.filter { $0.version > from && fits($0.key, $0.object, request, target) }
                .map { ["type": .string($0.type), "object": $0.object] }
        }
        let body = lines.flatMap { line -> [UInt8] in line.compact + [10] }
        let answer = StandInAnswer(200, headers: ["Content-Type": "application/json"], body: body)
        return (answer, !lines.isEmpty)
    }

    // MARK: Storing

    /// Stores an object with the fields that the server adds.
    @discardableResult
    mutating func put(_ key: Key, _ object: JSONValue) -> JSONValue {
        version += 1
        let old = objects[key]
        var object = object.adding(["kind": .string(key.resource.kind), "apiVersion": .string(key.resource.apiVersion)])
        var metadata = object["metadata"] ?? [:]
        metadata["name"] = .string(key.name)
        if key.resource.isNamespaced { metadata["namespace"] = .string(key.namespace) }
        metadata["uid"] = old?["metadata"]?["uid"] ?? .string(UUID().uuidString.lowercased())
        metadata["creationTimestamp"] = old?["metadata"]?["creationTimestamp"] ?? .string(Date().ISO8601Format())
        metadata["resourceVersion"] = "\(version)"
        if key.resource == .namespaces, object["status"] == nil { object["status"] = ["phase": "Active"] }
        if key.resource.isWorkload { prepare(key, &object, &metadata, old) }
        object["metadata"] = metadata
        objects[key] = object
        note(old == nil ? "ADDED" : "MODIFIED", key, object)
        return object
    }

    mutating func remove(_ key: Key) {
        guard let object = objects.removeValue(forKey: key) else { return }
        version += 1
        owners[key] = nil
        due[key] = nil
        note(
            "DELETED", key,
            object.adding(["metadata": (object["metadata"] ?? [:]).adding(["resourceVersion": "\(version)"])]))
        if key.resource.isWorkload { setPods(of: key, object, to: 0) }
    }

    private mutating func note(_ type: String, _ key: Key, _ object: JSONValue) {
        events.append(Event(version: version, type: type, key: key, object: object))
        if events.count > 10_000 { events.removeFirst(5000) }
    }
}

/// The target of a path: a list, an object, or its scale.
struct KubernetesTarget {
    var resource: KubernetesResource
    var namespace: String?
    var name: String?
    var isScale = false

    init?(_ segments: [String]) {
        var rest = segments[...]
        let group: String
        if rest.starts(with: ["api", "v1"]) {
            group = ""
            rest = rest.dropFirst(2)
        } else if rest.starts(with: ["apis", "apps", "v1"]) {
            group = "apps"
            rest = rest.dropFirst(3)
        } else {
            return nil
        }
        // "namespaces/x" is an object, "namespaces/x/pods" a list in it.
        if rest.first == "namespaces", rest.count > 2 {
            namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        guard let plural = rest.popFirst(),
            let resource = KubernetesResource.all.first(where: { $0.group == group && $0.plural == plural })
        else { return nil }
        self.resource = resource
        name = rest.popFirst()
        if let sub = rest.popFirst() {
            guard sub == "scale", resource.isWorkload else { return nil }
            isScale = true
        }
    }
}

extension StandInAnswer {
    /// Returns an error in the API's form: an object of kind `Status`.
    static func kubernetes(
        _ code: Int, _ reason: String, _ message: String, _ key: KubernetesCluster.Key? = nil, causes: [JSONValue] = []
    ) -> StandInAnswer {
        var details: JSONValue = ["causes": .array(causes)]
        if let key { details = details.adding(["name": .string(key.name), "kind": .string(key.resource.plural)]) }
        return .json(
            code,
            [
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
                "message": .string(message), "details": details, "code": JSONValue(code),
            ])
    }
}
