internal import Documents
internal import Foundation

extension KubernetesCluster {
    /// Returns an object as a response shows it: in the requested version, with its field managers.
    func shown(_ key: Key, _ target: KubernetesTarget? = nil) -> JSONValue {
        guard var object = self[key] else { return .null }
        if let fields = managedFields(key) { object["metadata"]?["managedFields"] = fields }
        return target.map { form(object, $0) } ?? object
    }

    /// Returns an object in the form that a path asks for.
    func form(_ object: JSONValue, _ target: KubernetesTarget) -> JSONValue {
        var object = object.adding(["apiVersion": .string(target.apiVersion)])
        guard target.isNewEvent else { return object }
        object["regarding"] = object["involvedObject"]
        object["note"] = object["message"]
        return object.removing(["involvedObject", "message"])
    }

    // MARK: Lists

    func list(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer {
        if let complaint = complaint(request, target) { return complaint }
        var items = selected(request, target)
        var metadata: JSONValue = ["resourceVersion": "\(version)"]
        if let token = request.query["continue"], !token.isEmpty {
            guard let data = Data(base64Encoded: token) else {
                return .kubernetes(400, "BadRequest", "continue key is not valid")
            }
            let last = String(decoding: data, as: UTF8.self)
            items.removeAll { "\($0.key.namespace)/\($0.key.name)" <= last }
        }
        if let limit = request.query["limit"].flatMap({ Int($0) }), limit > 0, items.count > limit {
            metadata["remainingItemCount"] = JSONValue(items.count - limit)
            items = Array(items.prefix(limit))
            let last = items.last.map { "\($0.key.namespace)/\($0.key.name)" } ?? ""
            metadata["continue"] = .string(Data(last.utf8).base64EncodedString())
        }
        return .json(
            200,
            [
                "kind": "\(target.resource.kind)List", "apiVersion": .string(target.apiVersion), "metadata": metadata,
                "items": .array(items.map { shown($0.key, target) }),
            ])
    }

    /// Returns the error of selectors that are not valid.
    func complaint(_ request: StandInRequest, _ target: KubernetesTarget) -> StandInAnswer? {
        let labels = request.labelSelector
        let fields = request.query["fieldSelector"] ?? ""
        if KubernetesSelector(labels) == nil {
            return .kubernetes(400, "BadRequest", "unable to parse requirement: \(labels)")
        }
        guard let field = KubernetesFieldSelector(fields).unsupported(for: target.resource) else { return nil }
        return .kubernetes(
            400, "BadRequest",
            "Unable to find \"\(target.apiVersion), Resource=\(target.resource.plural)\" that match label selector "
                + "\"\(labels)\", field selector \"\(fields)\": field label not supported: \(field)")
    }

    func selected(_ request: StandInRequest, _ target: KubernetesTarget) -> [(key: Key, value: JSONValue)] {
        let filter = Filter(request, target)
        return all(target.resource, in: target.namespace).filter { filter.fits($0.key, $0.value) }
    }

    /// The selectors of a request's parameters.
    struct Filter {
        private let target: KubernetesTarget
        private let labels: KubernetesSelector?
        private let fields: KubernetesFieldSelector

        init(_ request: StandInRequest, _ target: KubernetesTarget) {
            self.target = target
            labels = KubernetesSelector(request.labelSelector)
            fields = KubernetesFieldSelector(request.query["fieldSelector"] ?? "")
        }

        func fits(_ key: Key, _ object: JSONValue) -> Bool {
            key.resource == target.resource && (target.namespace ?? key.namespace) == key.namespace
                && (target.name ?? key.name) == key.name && labels?.fits(object["metadata"]?["labels"]) == true
                && fields.fits(object)
        }
    }
}

extension StandInRequest {
    /// The selector of labels. Clients send a space as "+", which no label contains.
    fileprivate var labelSelector: String { (query["labelSelector"] ?? "").replacing("+", with: " ") }
}
