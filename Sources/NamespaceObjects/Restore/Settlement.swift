internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

/// One object of a restore: the document to apply, and the present object. Blocks.
struct Settlement {
    let api: KubernetesAPI
    let request: ImportRequest
    let name: ObjectName
    let resource: APIResource
    /// The document to apply.
    let document: JSONValue
    /// The canonical form of the present object; nil if there is none.
    let present: JSONValue?
    /// True if a dry run would create the namespace: the server refuses even a dry run of its objects.
    let isNewNamespace: Bool
    /// True if this run created the namespace of this name.
    let mayBeNamespace: Bool
    /// A remark for the result.
    let remark: String?

    func make() throws -> ImportedObject {
        guard let present else {
            if isNewNamespace { return object(.create) }
            let result = try api.apply(
                document, resource, name: name.name, in: name.namespace, forces: request.replaces,
                isDryRun: request.isDryRun)
            if RestoreStage(name) == .definitions, !request.isDryRun { try awaitServed() }
            return object(.create, remains(result))
        }
        let difference = ObjectDifference(stored: CanonicalObject.make(from: document), present: present)
        let removal = request.replaces && removesExtras ? difference.removal : []
        if difference.isCovered, removal.isEmpty {
            return object(mayBeNamespace && RestoreStage(name) == .namespaces ? .create : .same)
        }
        if RestoreStage(name) == .claims {
            // The restore of its data may have created it with another class or size, and most of it cannot change.
            return object(.skipped, "the existing claim stays: \(difference.text(hidesValues: false))")
        }
        if request.prefix != nil, RestoreStage(name) == .definitions {
            return object(.skipped, "the definition that the live namespace uses stays")
        }
        return try update(difference, removal)
    }

    private func update(_ difference: ObjectDifference, _ removal: [JSONValue]) throws -> ImportedObject {
        var result = present ?? [:]
        if !difference.isCovered {
            result = try api.apply(
                document, resource, name: name.name, in: name.namespace, forces: request.replaces,
                isDryRun: request.isDryRun)
        }
        if !removal.isEmpty {
            // Of the present fields, since the first step may have moved others. A dry run stored nothing.
            let base = request.isDryRun ? present ?? [:] : canonical(result)
            let rest = ObjectDifference(stored: CanonicalObject.make(from: document), present: base).removal
            if !rest.isEmpty {
                result = try api.patch(
                    resource, name.name, in: name.namespace, with: rest, isDryRun: request.isDryRun)
            }
        }
        let isChanged = canonical(result) != present
        let detail = difference.text(hidesValues: name.kind == "Secret")
        guard isChanged else { return object(.same, "the server keeps \(detail)") }
        if RestoreStage(name) == .definitions, !request.isDryRun { try awaitServed() }
        return object(mayBeNamespace && RestoreStage(name) == .namespaces ? .create : .update, detail)
    }

    private func canonical(_ object: JSONValue) -> JSONValue {
        CanonicalObject.make(
            from: object.adding(["kind": .string(name.kind), "apiVersion": .string(resource.apiVersion)]))
    }

    /// False for types to which the cluster itself adds fields.
    private var removesExtras: Bool {
        name.kind != "ServiceAccount" && ![.definitions, .namespaces, .claims].contains(RestoreStage(name))
    }

    /// The fields that the server did not store; nil if it stored all.
    private func remains(_ result: JSONValue) -> String? {
        let difference = ObjectDifference(stored: CanonicalObject.make(from: document), present: canonical(result))
        guard !difference.isCovered else { return nil }
        return "the server changed it: \(difference.text(hidesValues: name.kind == "Secret"))"
    }

    private func object(_ outcome: ImportedObject.Outcome, _ detail: String? = nil) -> ImportedObject {
        let details = [remark, detail].compactMap { $0 }.joined(separator: "; ")
        return ImportedObject(
            name.kind, name.description, outcome: outcome, detail: details.isEmpty ? nil : details)
    }

    // MARK: Definitions

    /// Waits until the server serves the type of a new definition.
    private func awaitServed() throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let definition = try api.object(resource, name.name, in: nil)
            let conditions = definition?["status"]?["conditions"]?.array ?? []
            if Self.holds("Established", conditions), try isServed() { return }
            if let refusal = conditions.first(where: {
                $0["type"]?.text == "NamesAccepted" && $0["status"]?.text == "False"
            }) {
                throw KubernetesError(
                    .failed, operation: "apply the definition", refusal["message"]?.text ?? "its names are in use")
            }
            guard .now < deadline else {
                throw KubernetesError(
                    .failed, operation: "apply the definition", "it was not established within 60 s")
            }
            try sleepUnlessCancelled(.milliseconds(250))
        }
    }

    private static func holds(_ type: String, _ conditions: [JSONValue]) -> Bool {
        conditions.contains { $0["type"]?.text == type && $0["status"]?.text == "True" }
    }

    /// True once each served version of the type answers.
    private func isServed() throws -> Bool {
        guard let group = document["spec"]?["group"]?.text, let plural = document["spec"]?["names"]?["plural"]?.text,
            let kind = document["spec"]?["names"]?["kind"]?.text
        else { return true }
        let versions = (document["spec"]?["versions"]?.array ?? []).filter { $0["served"]?.bool == true }
        for version in versions.compactMap({ $0["name"]?.text }) {
            let type = APIResource(group: group, version: version, plural: plural, kind: kind)
            do {
                guard try api.document(at: type.path(in: nil) + "?limit=1") != nil else { return false }
            } catch let error as KubernetesError where error.means("Forbidden") { continue }
        }
        return true
    }
}
