import BackupRepository
import Documents
import Foundation
import HTTP
import Platform
import Prometheus
import RecoveryChecks
import StackConfiguration

enum PrometheusDriver: ComponentDriver {
    static func home(_ options: PrometheusOptions) -> String? { options.data }

    static func source(_ options: PrometheusOptions, _ session: Session) throws -> any ComponentSource {
        PrometheusSource(
            url: options.server.url, data: options.data, client: try HTTPClient(options.server),
            skipHead: options.skipHead, pool: session.pool)
    }

    static func gaps(_ options: PrometheusOptions, _ session: Session) throws -> (any GapFinder)? {
        let api = PrometheusAPI(
            url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
        return PrometheusGaps(api: api, data: options.data, skipsHead: options.skipHead, pool: session.pool)
    }

    static func restorer(_ options: PrometheusOptions?, _ session: Session) throws -> (any ComponentRestorer)? {
        // The server may be gone, as on the worst day: what it could say about its retention is then left out.
        PrometheusRestorer(
            url: options?.server.url, client: try options.map { try HTTPClient($0.server) } ?? HTTPClient(),
            pool: session.pool, now: { Int(clamping: Date().timeIntervalSince1970 * 1000) })
    }

    static func checked(_ options: PrometheusOptions, name: String, _ session: Session) throws -> CheckedStack.Component
    {
        var component = CheckedStack.Component(
            name: name, kind: kind,
            server: CheckedServer(url: options.server.url, client: try HTTPClient(options.server)))
        // A server may run elsewhere, and its data then are not here.
        if FileManager.default.fileExists(atPath: options.data) {
            component.examineBlocks = { [data = options.data] in try examine(data) }
        }
        component.patience = { [server = component.server] in
            guard let yaml = try? server?.json("/api/v1/status/config")["data"]?["yaml"]?.text else { return nil }
            return .seconds(LoadedConfiguration(yaml: yaml).patience)
        }
        return component
    }

    /// Reads every block. One that is gone when it was read was compacted meanwhile, and is no damage.
    private static func examine(_ data: String) throws -> ExaminedBlocks {
        var found = ExaminedBlocks(blocks: 0, damage: [])
        for name in try FileManager.default.contentsOfDirectory(atPath: data).sorted() where BlockName.isBlock(name) {
            let report = try BlockVerifier("\(data)/\(name)").verify()
            guard FileManager.default.fileExists(atPath: "\(data)/\(name)") else { continue }
            found.blocks += 1
            found.damage += report.damage.map { "\(name)/\($0.path): \($0.reason)" }
        }
        return found
    }
}
