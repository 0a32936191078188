package import BackupRepository
import Documents
import Foundation
import HTTP
package import ObjectStorage
import Operations
import Platform
import StackConfiguration

/// What a negative control damages on purpose, of the kinds that matter: each must turn the drill red.
package enum Sabotage: Sendable {
    /// A byte of a pack that the set needs.
    case flippedByte(component: String, pack: ObjectKey, at: Int)
    case missingPack(component: String, pack: ObjectKey)
    /// An older set, passed off as the one that is checked for.
    case oldSet(Timestamp, as: RestoreSelection)
    case droppedDashboard(component: String)
    /// The server of a component comes up, and nothing was restored into it.
    case emptyService(component: String)

    package enum Kind: String, CaseIterable {
        case flippedByte = "flipped_byte"
        case missingPack = "missing_pack"
        case oldSet = "old_set"
        case droppedDashboard = "dropped_dashboard"
        case emptyService = "empty_service"
    }

    package var text: String {
        switch self {
        case .flippedByte(_, let pack, let offset): "byte \(offset) of pack \(pack) was changed"
        case .missingPack(_, let pack): "pack \(pack) was taken away"
        case .oldSet(let old, let new): "set \(old) was passed off as \(new.newest.map { "\($0.name)" } ?? "another")"
        case .droppedDashboard(let component): "a dashboard was dropped from \(component) after its restore"
        case .emptyService(let component): "the server of \(component) was started, and nothing restored into it"
        }
    }

    /// Steps and checks of which at least one has to go red.
    /// - Parameter steps: the restoring step of each component.
    package func expected(_ steps: [String: String]) -> [String] {
        switch self {
        case .flippedByte(let component, _, _), .missingPack(let component, _): [steps[component] ?? component]
        case .oldSet: ["sentinels", "data_equality"]
        case .droppedDashboard: ["grafana_dashboards", "data_equality"]
        case .emptyService:
            [
                "data_equality", "sentinels", "prometheus_blocks_intact", "grafana_dashboards", "grafana_datasources",
                "elasticsearch_documents", "loki_query",
            ]
        }
    }

    /// Whether it is what is stored that is damaged: the restoring step must say so, and not fail for another reason.
    var isOfThePacks: Bool {
        switch self {
        case .flippedByte, .missingPack: true
        case .oldSet, .droppedDashboard, .emptyService: false
        }
    }

    /// What the repository is seen through.
    var lens: @Sendable (any ObjectStore) -> any ObjectStore {
        switch self {
        case .flippedByte(_, let pack, let offset): { DamagedStore($0, .flippedBit(pack, at: offset)) }
        case .missingPack(_, let pack): { DamagedStore($0, .missing(pack)) }
        case .oldSet, .droppedDashboard, .emptyService: { $0 }
        }
    }

    /// Deletes the first dashboard that the drill's Grafana has.
    static func dropDashboard(of component: String, _ session: Session) async throws {
        guard let options = session.configuration.component(named: component)?.options as? GrafanaOptions else {
            return
        }
        let url = options.server.url
        let client = try HTTPClient(options.server)
        try await session.pool.run {
            let (_, body) = try client.send(HTTPRequest("GET", "\(url)/api/search?type=dash-db&limit=1"))
            guard let uid = try JSONValue(parsing: body).array?.first?["uid"]?.text else {
                throw DrillError("negative control", "the restored Grafana has no dashboard to drop")
            }
            let (answer, _) = try client.send(HTTPRequest("DELETE", "\(url)/api/dashboards/uid/\(uid)"))
            guard answer.isSuccess else {
                throw DrillError("negative control", "dashboard \(uid) could not be dropped: HTTP \(answer.status)")
            }
        }
    }
}
