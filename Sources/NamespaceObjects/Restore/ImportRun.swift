internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

/// One restore of objects. All calls block.
struct ImportRun: Sendable {
    private let api: KubernetesAPI
    private let request: ImportRequest
    private let move: NamespaceMove?
    private let scope: RestoreScope
    private let scaled: ScaledWorkloads
    var discovery: APIDiscovery
    /// Namespaces that a dry run would create: the server knows none of their objects.
    var missing: Set<String> = []
    /// Namespaces that this run created.
    var created: Set<String> = []
    /// Namespaces that cannot take objects, with the reason.
    var unusable: [String: String] = [:]

    init(
        _ api: KubernetesAPI, _ request: ImportRequest, move: NamespaceMove?, scope: RestoreScope,
        scaled: ScaledWorkloads, discovery: APIDiscovery
    ) {
        self.api = api
        self.request = request
        self.move = move
        self.scope = scope
        self.scaled = scaled
        self.discovery = discovery
    }

    var isDryRun: Bool { request.isDryRun }

    // MARK: Namespaces

    enum NamespaceState { case active, missing, terminating(String) }

    func state(of namespace: String) throws -> NamespaceState {
        guard let object = try api.document(at: "/api/v1/namespaces/\(namespace)") else { return .missing }
        guard object["status"]?["phase"]?.text == "Terminating" else { return .active }
        let conditions = (object["status"]?["conditions"]?.array ?? []).filter { $0["status"]?.text == "True" }
        let reason = conditions.compactMap { $0["message"]?.text?.printable }.joined(separator: "; ")
        return .terminating(reason.isEmpty ? "" : ": \(reason)")
    }

    // MARK: Objects

    /// Restores one object, or finds out how it would be.
    /// - Throws: an error that ends the whole restore: the API server is away for too long, `CancellationError`.
    func settle(_ stored: StoredObject) throws -> ImportedObject {
        let name = move?.moved(stored.name) ?? stored.name
        do {
            return try settle(stored, as: name)
        } catch let error as KubernetesError where !error.isConnectionFailure {
            return object(name, error.isConflict ? .conflict : .failed, detail: Self.words(error))
        } catch let error as ObjectDefect { return object(name, .failed, detail: "its document is damaged: \(error)") }
    }

    private func settle(_ stored: StoredObject, as name: ObjectName) throws -> ImportedObject {
        if let obstacle = scope.obstacle(to: stored.name) { return object(name, .failed, detail: obstacle) }
        if let obstacle = move?.obstacle(to: stored.name) { return object(name, .skipped, detail: obstacle) }
        if let reason = name.namespace.flatMap({ unusable[$0] }) {
            return object(name, .failed, detail: "its namespace cannot be used: \(reason.printable)")
        }
        var document = try stored.document()
        if let move { document = move.moved(document) }
        guard var resource = discovery.resource(group: name.group, kind: name.kind) else {
            return isDryRun && name.group.contains(".")
                ? object(name, .create, detail: "after its definition")
                : object(
                    name, .failed, detail: "the API server does not serve this type: install its definition or operator"
                )
        }
        // The API ignores the namespace of an object that has none.
        guard resource.isNamespaced == (name.namespace != nil) else {
            return object(
                name, .failed,
                detail: resource.isNamespaced
                    ? "its document names no namespace" : "objects of its type belong to the whole cluster")
        }
        resource.version = document["apiVersion"]?.text?.split(separator: "/").last.map(String.init) ?? resource.version
        let isNew = name.namespace.map { missing.contains($0) } ?? false
        let live = isNew ? nil : try api.object(resource, name.name, in: name.namespace)
        let present = live.map {
            CanonicalObject.make(
                from: $0.adding(["kind": .string(name.kind), "apiVersion": .string(resource.apiVersion)]))
        }
        if let refusal = scope.refusal(of: stored.name, document, live: live) {
            let isSame = present.map {
                ObjectDifference(stored: CanonicalObject.make(from: document), present: $0).isCovered
            }
            return isSame == true ? object(name, .same) : object(name, .failed, detail: refusal)
        }
        if let live, live["metadata"]?["deletionTimestamp"]?.text != nil {
            return object(name, .conflict, detail: "it is being deleted\(Self.finalizers(of: live))")
        }
        if let present, scaled.contains(stored.name), let replicas = present["spec"]?["replicas"] {
            document["spec"]?["replicas"] = replicas
        }
        var remark: String?
        if request.holdsWorkloads, let held = HeldWorkload.held(document, live: live, hasScale: resource.hasScale) {
            (document, remark) = held
        }
        return try Settlement(
            api: api, request: request, name: name, resource: resource, document: document, present: present,
            isNewNamespace: isNew, mayBeNamespace: created.contains(name.name), remark: remark
        ).make()
    }

    private static func finalizers(of object: JSONValue) -> String {
        let names = (object["metadata"]?["finalizers"]?.array ?? []).compactMap { $0.text?.printable }
        return names.isEmpty ? "" : ", and waits for its finalizers \(Gap.list(names))"
    }

    private func object(
        _ name: ObjectName, _ outcome: ImportedObject.Outcome, detail: String? = nil
    ) -> ImportedObject {
        ImportedObject(name.kind, name.description, outcome: outcome, detail: detail)
    }

    static func words(_ error: KubernetesError) -> String {
        let text = error.detail.printable
        return error.isConflict ? "\(text); --replace takes the fields over" : text
    }

    // MARK: Values that the backup lacks

    /// An object that the backup withholds: it must exist already.
    func withheld(_ entry: Withheld) throws -> ImportedObject {
        let parts = entry.path.split(separator: "/").map(String.init)
        guard parts.count == 4, parts[0] == "core", parts[1] == "Secret", parts[3].hasSuffix(".json") else {
            return ImportedObject("object", entry.object, outcome: .skipped, detail: "the backup does not have it")
        }
        var name = ObjectName(group: "", kind: "Secret", namespace: parts[2], name: String(parts[3].dropLast(5)))
        if let obstacle = scope.obstacle(to: name) {
            return object(move?.moved(name) ?? name, .failed, detail: obstacle)
        }
        name = move?.moved(name) ?? name
        let resource = APIResource(group: "", version: "v1", plural: "secrets", kind: "Secret")
        let why = "the backup does not have it, because \(NamespaceObjectsSource.withheldSecret)"
        do {
            guard name.namespace.map({ !missing.contains($0) }) ?? true,
                try api.object(resource, name.name, in: name.namespace) != nil
            else { return object(name, .failed, detail: "\(why): create it") }
            return object(name, .skipped, detail: "\(why): the present one stays")
        } catch let error as KubernetesError where !error.isConnectionFailure {
            return object(name, .failed, detail: "\(why), and it cannot be read: \(Self.words(error))")
        }
    }
}
