import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Synchronization
import Testing

@testable import Grafana

/// A stand-in to export from or to import into.
struct ImportSite {
    let grafana: GrafanaStandIn
    /// The token of the import; nil to use the server admin.
    var token: String?
    var secrets = ImportSecrets(Self.secrets)
    var replaces = false
    var retries = RetryPolicy(attempts: 8, base: .milliseconds(40), cap: .milliseconds(300))

    /// All secrets that ``GrafanaState/rich(version:firstID:)`` never shows; its organisations are 1 and 47.
    static let secrets = [
        "data-source/P1/basicAuthPassword": "p1-password", "data-source/P1/httpHeaderValue1": "p1-header",
        "data-source/P1/password": "lab-password", "contact-point/cp-slack/url": "https://hooks.example.org/secret",
        "contact-point/cp-hook/password": "hook-password",
        "contact-point/cp-hook/http_config.oauth2.client_secret": "oauth-secret",
        "user/ann/password": "ann-secret",
    ]

    init(_ state: GrafanaState) async throws { grafana = try await GrafanaStandIn(state) }

    private var api: GrafanaAPI {
        var options = HTTPOptions()
        options.authorization =
            token.map { .bearer(token: $0) } ?? .basic(user: "admin", password: GrafanaState.adminPassword)
        return GrafanaAPI(
            url: grafana.url, client: HTTPClient(options), pool: BlockingPool(threads: 8), retries: retries)
    }

    /// An export, with its folder.
    /// - Parameter contactPoints: the treatment of their secrets: in the tree only for an encrypted store.
    func export(contactPoints: ContactPointSecrets = .never) async throws -> ExportedTree {
        let folder = try TemporaryFolder("grafana-export")
        let source = GrafanaSource(
            api: api, login: token == nil ? "admin" : nil, contactPointSecrets: contactPoints,
            now: { ImportSite.now })
        let capture = try await source.capture(
            CaptureContext(run: "test", state: folder.path, logger: Logger(label: "test")))
        for layer in capture.layers {
            try FileManager.default.copyItem(atPath: layer.directory, toPath: "\(capture.root)/\(layer.name)")
        }
        return ExportedTree(folder: folder, root: capture.root)
    }

    /// The rich seed with only a few annotations, for tests of other objects.
    static func rich(version: GrafanaVersion = .v11) -> GrafanaState {
        var state = GrafanaState.rich(version: version)
        state.organizations[1]?.annotations.removeLast(224)
        return state
    }

    /// Shortly after the annotations of the seed.
    static let now = 1_790_100_000_000

    /// The reported objects, in order.
    func `import`(_ tree: ExportedTree, dryRun: Bool = false) async throws -> [ImportedObject] {
        let reported = Mutex([ImportedObject]())
        let importer = GrafanaImporter(api: api, user: token == nil ? "admin" : nil, secrets: secrets)
        var request = ImportRequest(
            tree: tree.root, manifest: try Self.manifest(), progress: WorkProgress(), logger: Logger(label: "test"))
        request.isDryRun = dryRun
        request.replaces = replaces
        try await importer.run(request) { object in reported.withLock { $0.append(object) } }
        return reported.withLock { $0 }
    }

    private static func manifest() throws -> Manifest {
        let text = """
            {"format": 1, "kind": "manifest", "component": "grafana", "source": "grafana", "name": "20260921T000000Z",
             "captured": "20260921T000000Z", "facts": {}, "damage": [], "packs": [],
             "totals": {"files": 0, "directories": 0, "links": 0, "bytes": 0}}
            """
        return try JSONDecoder().decode(Manifest.self, from: Data(text.utf8))
    }

    /// Requests that change something, as "POST /api/orgs".
    var writes: [String] { grafana.server.requests.keys.filter { !$0.hasPrefix("GET ") }.sorted() }

    func organization(_ name: String) throws -> GrafanaOrganization {
        try #require(grafana.state.organizations.values.first { $0.name == name })
    }

    func change(_ name: String, _ body: (inout GrafanaOrganization) -> Void) {
        grafana.change { state in
            for id in state.organizations.keys where state.organizations[id]?.name == name {
                if var organization = state.organizations[id] {
                    body(&organization)
                    state.organizations[id] = organization
                }
            }
        }
    }
}

struct ExportedTree {
    let folder: TemporaryFolder
    let root: String

    /// Documents by path, the organisations by their names, in the order of their numbers.
    func documents() throws -> [String: JSONValue] {
        var documents: [String: JSONValue] = [:]
        let files = FileManager.default.enumerator(atPath: root)
        while let path = files?.nextObject() as? String {
            guard path.hasSuffix(".json") else { continue }
            documents[path] = try document(path)
        }
        var renamed: [String: JSONValue] = [:]
        for (path, value) in documents {
            let parts = path.split(separator: "/", maxSplits: 2)
            guard parts.count == 3, parts[0] == "organizations",
                let name = documents["organizations/\(parts[1])/organization.json"]?["name"]?.text
            else {
                renamed[path] = value
                continue
            }
            renamed["\(name): \(parts[2])"] = value
        }
        return renamed
    }

    func document(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](try Data(contentsOf: URL(filePath: "\(root)/\(path)"))))
    }

    func write(_ path: String, _ value: JSONValue) throws {
        try Data(value.document).write(to: URL(filePath: "\(root)/\(path)"))
    }

    func change(_ path: String, _ body: (inout JSONValue) -> Void) throws {
        var value = try document(path)
        body(&value)
        try write(path, value)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(root)/\(path)") }
}

extension [ImportedObject] {
    func of(_ kind: String, _ words: String = "") -> [ImportedObject] {
        filter { $0.kind == kind && (words.isEmpty || $0.name.contains(words)) }
    }

    var outcomes: [ImportedObject.Outcome: Int] { reduce(into: [:]) { $0[$1.outcome, default: 0] += 1 } }

    /// The objects that differ from the backup, as text; empty when there are none.
    var unwhole: String { filter { !$0.isWhole }.text }

    /// For a failed expectation.
    var text: String {
        map { "\($0.outcome) \($0.kind) \($0.name): \($0.detail ?? "") \($0.missingSecrets)" }.joined(separator: "\n")
    }
}
