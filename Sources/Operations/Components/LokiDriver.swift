import BackupRepository
import Foundation
import HTTP
import Loki
import Platform
import RecoveryChecks
import StackConfiguration

enum LokiDriver: ComponentDriver {
    static var canSlice: Bool { true }
    static func home(_ options: LokiOptions) -> String? { options.data }

    static func source(_ options: LokiOptions, _ session: Session) throws -> any ComponentSource {
        LokiSource(
            server: try server(options, session), data: options.data, chunks: options.chunks, rules: options.rules,
            wal: options.wal, flush: options.flush, tenants: session.configuration.checks.tenants, pool: session.pool)
    }

    static func restorer(_ options: LokiOptions?, _ session: Session) throws -> (any ComponentRestorer)? {
        LokiRestorer(
            server: try options.flatMap { try server($0, session) }, pool: session.pool,
            now: { Int(clamping: Date().timeIntervalSince1970 * 1000) })
    }

    static func gaps(_ options: LokiOptions, _ session: Session) throws -> (any GapFinder)? {
        LokiGaps(
            server: try server(options, session), data: options.data, chunks: options.chunks, rules: options.rules,
            wal: options.wal, pool: session.pool)
    }

    private static func server(_ options: LokiOptions, _ session: Session) throws -> LokiAPI? {
        guard !options.server.url.isEmpty else { return nil }
        return LokiAPI(url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
    }

    static func checked(_ options: LokiOptions, name: String, _ session: Session) throws -> CheckedStack.Component {
        guard !options.server.url.isEmpty else { return CheckedStack.Component(name: name, kind: kind) }
        return CheckedStack.Component(
            name: name, kind: kind,
            server: CheckedServer(url: options.server.url, client: try HTTPClient(options.server)))
    }
}
