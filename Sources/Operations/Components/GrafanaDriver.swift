import BackupRepository
import Documents
import Foundation
import Grafana
import HTTP
import Platform
import RecoveryChecks
import StackConfiguration

enum GrafanaDriver: ComponentDriver {
    static func source(_ options: GrafanaOptions, _ session: Session) throws -> any ComponentSource {
        let api = GrafanaAPI(
            url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
        return GrafanaSource(
            api: api, login: options.server.username, joins: options.joinOrganizations,
            annotationDays: max(1, Int(options.annotations.duration.components.seconds) / 86_400),
            contactPointSecrets: secrets(options, session),
            now: { Int(clamping: Date().timeIntervalSince1970 * 1000) })
    }

    private static func secrets(_ options: GrafanaOptions, _ session: Session) -> ContactPointSecrets {
        switch options.contactPointSecrets {
        case .never: .never
        case .encrypted: session.configuration.store.recipients.isEmpty ? .withheldUnencrypted : .taken
        }
    }

    static func importer(_ options: GrafanaOptions?, _ session: Session) throws -> (any ComponentImporter)? {
        guard let options else { return nil }  // its documents can still be had as files
        let environment = ProcessInfo.processInfo.environment
        var values: [String: String] = [:]
        var unavailable: [String: String] = [:]
        for (name, secret) in options.secrets {
            // One that is not at hand must not keep all the others from coming back: it is reported where it is needed.
            do {
                values[name] = try secret.resolve(environment: environment)
            } catch { unavailable[name] = error.diagnostics.map(\.message).joined(separator: "; ") }
        }
        let api = GrafanaAPI(
            url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
        return GrafanaImporter(
            api: api, user: options.server.username,
            secrets: ImportSecrets(
                values, unavailable: unavailable,
                placeholder: options.withholdsSecrets ? ImportSecrets.nowhere : nil))
    }

    static func checked(_ options: GrafanaOptions, name: String, _ session: Session) throws -> CheckedStack.Component {
        CheckedStack.Component(
            name: name, kind: kind,
            server: CheckedServer(url: options.server.url, client: try HTTPClient(options.server)))
    }

    static func gaps(_ options: GrafanaOptions, _ session: Session) throws -> (any GapFinder)? {
        let api = GrafanaAPI(
            url: options.server.url, client: try HTTPClient(options.server), pool: session.pool)
        return GrafanaGaps(api: api, joins: options.joinOrganizations, secrets: Set(options.secrets.keys))
    }
}
