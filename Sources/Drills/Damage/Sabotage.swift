package import BackupRepository
import Components
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
    func expected(_ steps: [String: String], in session: Session) -> [String] {
        switch self {
        case .flippedByte(let component, _, _), .missingPack(let component, _): [steps[component] ?? component]
        case .oldSet: [CanariesRestored.checkName, DataEquality.checkName]
        case .droppedDashboard(let component):
            (session.configuration.component(named: component)?.settings.droppableChecks ?? [])
                + [DataEquality.checkName]
        case .emptyService: session.checks.names(of: .content)
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

    /// Removes one object from the server that the drill restored.
    static func dropObject(of component: String, _ session: Session) async throws {
        guard let settings = session.configuration.component(named: component)?.settings else { return }
        try await session.pool.run {
            do { try settings.dropObject(session.context(of: component)) } catch {
                throw DrillError("negative control", "\(error)")
            }
        }
    }
}

extension ComponentKind {
    /// Checks of which one must fail once an object was dropped.
    fileprivate var droppableChecks: [String] { Self.droppable?.checks ?? [] }

    /// Blocks.
    fileprivate func dropObject(_ context: ComponentContext) throws { try Self.droppable?.drop(self, context) }
}
