import Configuration
import Foundation
import HTTP
import PrometheusSnapshot
import Repository

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
        return PrometheusGaps(api: api, skipsHead: options.skipHead)
    }

    static func restorer(_ options: PrometheusOptions?, _ session: Session) throws -> (any ComponentRestorer)? {
        // The server may be gone, as on the worst day: what it could say about its retention is then left out.
        PrometheusRestorer(
            url: options?.server.url, client: try options.map { try HTTPClient($0.server) } ?? HTTPClient(),
            pool: session.pool, now: { Int(Date().timeIntervalSince1970 * 1000) })
    }
}
