import BackupRepository
import Documents
import Foundation
import Grafana
import HTTP
import Lab
import Logging
import Platform

/// A stand-in and its export.
struct Fixture {
    let grafana: GrafanaStandIn
    let folder: TemporaryFolder
    static let pool = BlockingPool(threads: 16)
    /// In November 2026: the seed's annotations are at most 90 days old.
    static let now = 1_795_000_000_000

    init(_ state: GrafanaState) async throws {
        grafana = try await GrafanaStandIn(state)
        folder = try TemporaryFolder("grafana-export")
    }

    func api(_ authorization: HTTPOptions.Authorization? = nil, attempts: Int = 8) -> GrafanaAPI {
        let admin = HTTPOptions.Authorization.basic(user: "admin", password: GrafanaState.adminPassword)
        return GrafanaAPI(
            url: grafana.url, client: HTTPClient(HTTPOptions(authorization: authorization ?? admin)),
            pool: Self.pool, retries: RetryPolicy(attempts: attempts, base: .milliseconds(10), cap: .milliseconds(200)))
    }

    func source(
        _ authorization: HTTPOptions.Authorization? = nil, login: String? = "admin", joins: Bool = false,
        attempts: Int = 8, secrets: ContactPointSecrets = .never
    ) -> GrafanaSource {
        GrafanaSource(
            api: api(authorization, attempts: attempts), login: login, joins: joins, annotationDays: 90,
            contactPointSecrets: secrets, now: { Self.now })
    }

    func capture(_ source: GrafanaSource? = nil) async throws -> any Capture {
        let capture = try await (source ?? self.source()).capture(
            CaptureContext(run: "run", state: folder.path, logger: Logger(label: "test")))
        try await capture.release()
        return capture
    }

    /// Documents by path.
    static func documents(_ capture: any Capture) throws -> [String: JSONValue] {
        let root = URL(filePath: capture.root)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: capture.root).filter { $0.hasSuffix(".json") }
        return try Dictionary(
            uniqueKeysWithValues: paths.map { path in
                (path, try JSONValue(parsing: [UInt8](try Data(contentsOf: root.appending(path: path)))))
            })
    }

    static func token(_ token: String) -> HTTPOptions.Authorization { .bearer(token: token) }
}
