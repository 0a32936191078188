package import BackupRepository
import Components
import Documents
import FoundationEssentials
import HTTP
package import ObjectStorage
import Operations
import Platform
import StackConfiguration

/// The fault of a control run. Each kind of fault must make the drill fail.
package enum Sabotage: Sendable {
    /// A changed byte of a pack that the set needs.
    case flippedByte(component: String, pack: ObjectKey, at: Int)
    case missingPack(component: String, pack: ObjectKey)
    /// An older set in place of the expected one.
    case oldSet(Timestamp, as: RestoreSelection)
    case droppedObject(component: String, noun: String)
    /// The server of a component starts without restored data.
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
        case .missingPack(_, let pack): "pack \(pack) was removed"
        case .oldSet(let old, let new):
            "set \(old) was restored in place of \(new.newest.map { "\($0.name)" } ?? "another")"
        case .droppedObject(let component, let noun): "a \(noun) was deleted from \(component) after its restore"
        case .emptyService(let component): "the server of \(component) was started without restored data"
        }
    }

    /// The steps and checks of which at least one must fail.
    /// - Parameter steps: the restoring step of each component.
    func expected(_ steps: [String: String], in session: Session) -> [String] {
        switch self {
        case .flippedByte(let component, _, _), .missingPack(let component, _): [steps[component] ?? component]
        case .oldSet: [CanariesRestored.checkName, DataEquality.checkName]
        case .droppedObject(let component, _):
            (session.configuration.component(named: component)?.settings.droppableChecks ?? [])
                + [DataEquality.checkName]
        case .emptyService: session.checks.names(of: .content)
        }
    }

    /// True if stored data is damaged, so that the restoring step must report damage and not another error.
    var isOfThePacks: Bool {
        switch self {
        case .flippedByte, .missingPack: true
        case .oldSet, .droppedObject, .emptyService: false
        }
    }

    /// The wrapper of the repository's store that applies the damage.
    var lens: @Sendable (any ObjectStore) -> any ObjectStore {
        switch self {
        case .flippedByte(_, let pack, let offset): { DamagedStore($0, .flippedBit(pack, at: offset)) }
        case .missingPack(_, let pack): { DamagedStore($0, .missing(pack)) }
        case .oldSet, .droppedObject, .emptyService: { $0 }
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
    /// The checks of which one must fail after an object was deleted.
    fileprivate var droppableChecks: [String] { Self.droppable?.checks ?? [] }

    /// Blocks.
    fileprivate func dropObject(_ context: ComponentContext) throws { try Self.droppable?.drop(self, context) }
}
