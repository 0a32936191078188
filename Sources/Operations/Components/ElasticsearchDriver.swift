import BackupRepository
import Documents
import Elasticsearch
import Foundation
import HTTP
import Platform
import RecoveryChecks
import StackConfiguration

enum ElasticsearchDriver: ComponentDriver {
    static func source(_ options: ElasticsearchOptions, _ session: Session) throws -> any ComponentSource {
        ElasticsearchSource(
            api: try api(options, session), repository: repository(options.repository), indices: options.indices,
            patience: patience(options), pool: session.pool, now: { Int(clamping: Date().timeIntervalSince1970 * 1000) }
        )
    }

    static func importer(_ options: ElasticsearchOptions?, _ session: Session) throws -> (any ComponentImporter)? {
        // Without settings there is no cluster to restore into; the documents can still be had as files.
        guard let options else { return nil }
        return ElasticsearchImporter(
            api: try api(options, session), repository: repository(options.repository), patience: patience(options),
            pool: session.pool)
    }

    static func gaps(_ options: ElasticsearchOptions, _ session: Session) throws -> (any GapFinder)? {
        let others = session.configuration.components.compactMap { $0.options as? ElasticsearchOptions }.filter {
            $0.server.url == options.server.url && $0 != options
        }
        return ElasticsearchGaps(
            api: try api(options, session), indices: options.indices, others: others.map(\.indices))
    }

    private static func api(_ options: ElasticsearchOptions, _ session: Session) throws -> ElasticsearchAPI {
        let key = try options.apiKey?.resolve(environment: ProcessInfo.processInfo.environment)
        return ElasticsearchAPI(
            url: options.server.url, client: try HTTPClient(options.server), apiKey: key, pool: session.pool)
    }

    static func checked(
        _ options: ElasticsearchOptions, name: String, _ session: Session
    ) throws -> CheckedStack.Component {
        let key = try options.apiKey?.resolve(environment: ProcessInfo.processInfo.environment)
        var component = CheckedStack.Component(
            name: name, kind: kind,
            server: CheckedServer(
                url: options.server.url, client: try HTTPClient(options.server),
                headers: key.map { [(name: "Authorization", value: "ApiKey \($0)")] } ?? []))
        component.indices = options.indices
        return component
    }

    private static func patience(_ options: ElasticsearchOptions) -> Duration {
        options.timeout?.duration ?? .seconds(900)
    }

    private static func repository(_ options: SnapshotRepositoryOptions) -> SnapshotRepository {
        switch options.type {
        case .s3:
            SnapshotRepository(
                options.name,
                .s3(bucket: options.bucket ?? "", basePath: options.basePath, client: options.client),
                isOnlyRead: options.isOnlyRead)
        case .fs:
            SnapshotRepository(options.name, .directory(options.location ?? ""), isOnlyRead: options.isOnlyRead)
        }
    }
}
