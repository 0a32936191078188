import BackupRepository
import Cryptography
import FoundationEssentials

/// The work of a mover, as a document that the coordinator sends over the link.
///
/// It has the component's settings with resolved secrets. Credentials of the store and keys are not in it.
struct MoverOrder: Codable, Sendable {
    enum Task: Codable, Sendable {
        case backup(ComponentJob)
        case restore(RestoreOrder)
        /// The plan of a restore, which changes nothing.
        case plan(RestoreOrder)
        /// Removes the previous content that a restore kept.
        case discard(String)
    }

    /// The program's name and version. Both sides must be the same.
    var tool: String
    var component: String
    var kind: String
    /// The keys of the component's entry as JSON; nil if the configuration does not have the component.
    var entry: Data?
    /// The secrets, by the names that the entry refers to.
    var environment: [String: String]
    /// The files that the entry refers to, by their names in it.
    var files: [String: Data]
    var store: Store
    /// Facts about the volume, for the manifest.
    var facts: [String: String]
    var task: Task

    struct Store: Codable, Sendable {
        /// The name for messages.
        var location: String
        /// The certificates of the recipients, in PEM.
        var recipients: [String]
        /// Reads packs in the clear although there are recipients.
        var allowsClear: Bool
    }

    struct RestoreOrder: Codable, Sendable {
        var manifest: Timestamp
        var sha256: Digest
        /// The data directory in the mover.
        var directory: String
        var replaces: Bool
        var discardsPrevious: Bool
        var paths: [String]
        var slice: Slice?
        var uid: UInt32?
        var gid: UInt32?
        var keepsSetuid: Bool
        /// The present time, for the name of the previous content.
        var stamp: String
        /// True to take contents from the present content and from ``seeds``.
        var usesSeeds: Bool
        var seeds: [RestoreSeed] = []

        struct Slice: Codable, Sendable {
            var tenants: Set<String>
            var from: Int
            var to: Int
        }
    }
}

/// The first message of a call to a mover.
struct MoverRequest: Codable {
    enum Operation: String, Codable {
        /// A ``MoverOrder`` follows in pieces.
        case order
        /// The mover may end.
        case end
    }

    var operation: Operation
}
