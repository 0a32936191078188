import Configuration
import Foundation
import GrafanaExport
import HTTP
import Repository

enum GrafanaDriver: ComponentDriver {
    static func source(_ options: GrafanaOptions, _ session: Session) throws -> any ComponentSource {
        let api = GrafanaAPI(
            url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
        return GrafanaSource(
            api: api, login: options.server.username, joins: options.joinOrganizations,
            annotationDays: max(1, Int(options.annotations.duration.components.seconds) / 86_400),
            now: { Int(Date().timeIntervalSince1970 * 1000) })
    }
}
