internal import BackupRepository
internal import Documents
internal import HTTP

/// An object of the cluster that Jaeger's next index needs: a template, or a policy by which indices roll over and are
/// deleted.
struct ClusterPiece: Equatable, Sendable {
    /// In the order in which a restore creates them: an index template refers to component templates and policies.
    enum Kind: String, CaseIterable, Sendable {
        case ilmPolicy = "lifecycle policy"
        case ismPolicy = "state management policy"
        case componentTemplate = "component template"
        case indexTemplate = "index template"
        case legacyTemplate = "legacy template"

        /// The folder in the tree of documents.
        var folder: String {
            switch self {
            case .ilmPolicy: "lifecycle/ilm"
            case .ismPolicy: "lifecycle/ism"
            case .componentTemplate: "templates/component"
            case .indexTemplate: "templates/index"
            case .legacyTemplate: "templates/legacy"
            }
        }

        var path: [String] {
            switch self {
            case .ilmPolicy: ["_ilm", "policy"]
            case .ismPolicy: ["_plugins", "_ism", "policies"]
            case .componentTemplate: ["_component_template"]
            case .indexTemplate: ["_index_template"]
            case .legacyTemplate: ["_template"]
            }
        }

        var needs: String {
            switch self {
            case .ilmPolicy: "the cluster privilege 'read_ilm' to read and 'manage_ilm' to write lifecycle policies"
            case .ismPolicy: "the permission cluster:admin/opendistro/ism/* for state management policies"
            default:
                "the cluster privilege 'monitor' to read and 'manage_index_templates' to write templates"
            }
        }

        /// OpenSearch and Elasticsearch do not understand each other's policies.
        func isKnown(to product: ClusterIdentity.Product) -> Bool {
            switch self {
            case .ilmPolicy: product == .elasticsearch
            case .ismPolicy: product == .opensearch
            default: true
            }
        }
    }

    var kind: Kind
    var name: String
    /// The body of a PUT, without the wrapping of policies; settings are flat.
    var body: JSONValue

    var documentPath: String { "\(kind.folder)/\(DocumentTree.name(for: name)).json" }
    var document: JSONValue { ["name": .string(name), "body": body] }

    init(_ kind: Kind, _ name: String, body: JSONValue) {
        self.kind = kind
        self.name = name
        self.body = body
    }

    init?(_ kind: Kind, document: JSONValue) {
        guard let name = document["name"]?.text, let body = document["body"] else { return nil }
        self.init(kind, name, body: body)
    }

    /// Patterns of the names of the indices that a template applies to.
    var patterns: [String] { (body["index_patterns"]?.array ?? []).compactMap(\.text) }

    /// The lifecycle policy that a template's indices get.
    var lifecycle: String? {
        let settings = kind == .legacyTemplate ? body["settings"] : body["template"]?["settings"]
        return settings?["index.lifecycle.name"]?.text
    }
}

extension ElasticsearchAPI {
    /// All templates of a kind in the cluster; with a name only that one.
    func templates(_ kind: ClusterPiece.Kind, named name: String? = nil) async throws -> [ClusterPiece] {
        let call = ElasticsearchCall(
            "GET", kind.path + (name.map { [$0] } ?? []), query: ["flat_settings": "true"], needs: kind.needs)
        guard let answer = try await find(call) else { return [] }
        switch kind {
        case .legacyTemplate:
            return (answer.object ?? [:]).map { ClusterPiece(kind, $0.key, body: $0.value) }.sorted {
                $0.name < $1.name
            }
        case .componentTemplate, .indexTemplate:
            let word = kind == .indexTemplate ? "index_template" : "component_template"
            return (answer["\(word)s"]?.array ?? []).compactMap { entry in
                guard let name = entry["name"]?.text, let body = entry[word] else { return nil }
                return ClusterPiece(kind, name, body: body)
            }.sorted { $0.name < $1.name }
        case .ilmPolicy, .ismPolicy: return []
        }
    }

    /// One object as the cluster has it now; nil if it does not exist.
    func piece(_ kind: ClusterPiece.Kind, _ name: String) async throws -> ClusterPiece? {
        switch kind {
        case .ilmPolicy:
            let answer = try await find(ElasticsearchCall("GET", kind.path + [name], needs: kind.needs))
            return answer?[name]?["policy"].map { ClusterPiece(kind, name, body: $0) }
        case .ismPolicy:
            let answer = try await find(ElasticsearchCall("GET", kind.path + [name], needs: kind.needs))
            return answer?["policy"].map { ClusterPiece(kind, name, body: Self.lasting($0)) }
        case .componentTemplate, .indexTemplate, .legacyTemplate:
            return try await templates(kind, named: name).first { $0.name == name }
        }
    }

    func put(_ piece: ClusterPiece) async throws {
        var call = ElasticsearchCall("PUT", piece.kind.path + [piece.name], body: piece.body, needs: piece.kind.needs)
        switch piece.kind {
        case .ilmPolicy: call.body = ["policy": piece.body]
        case .ismPolicy:
            call.body = ["policy": piece.body]
            // An update must name the version that it replaces.
            let present = try await find(
                ElasticsearchCall("GET", piece.kind.path + [piece.name], needs: piece.kind.needs))
            if let sequence = present?["_seq_no"]?.integer, let term = present?["_primary_term"]?.integer {
                call.query = ["if_seq_no": "\(sequence)", "if_primary_term": "\(term)"]
            }
        default: break
        }
        _ = try await send(call)
    }

    /// The state management policies of indices (OpenSearch); empty if the plugin is not installed.
    func managedPolicies(of expression: String) async throws -> Set<String> {
        do {
            let answer = try await find(
                ElasticsearchCall(
                    "GET", ["_plugins", "_ism", "explain", expression], needs: ClusterPiece.Kind.ismPolicy.needs))
            let names = (answer?.object ?? [:]).values.compactMap {
                $0["policy_id"]?.text ?? $0["index.plugins.index_state_management.policy_id"]?.text
            }
            return Set(names)
        } catch let error as ElasticsearchAPIError where error.reason == .refused || error.reason == .notElasticsearch {
            return []
        }
    }

    /// A state management policy without the members that the cluster adds and does not accept.
    private static func lasting(_ policy: JSONValue) -> JSONValue {
        var policy = policy.removing(["policy_id", "last_updated_time", "schema_version", "user"])
        if let templates = policy["ism_template"]?.array {
            policy["ism_template"] = .array(templates.map { $0.removing(["last_updated_time"]) })
        }
        return policy
    }
}
