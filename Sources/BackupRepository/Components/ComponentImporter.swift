package import Logging

/// Restores a component that is not simply a tree of files: through its server's API, or by unpacking the tree. The
/// files themselves were restored and verified before.
///
/// Running it again does not change objects that are already right. If one object fails, the others are still imported.
package protocol ComponentImporter: Sendable {
    static var kind: String { get }
    /// The destination of the import.
    static var destination: ImportDestination { get }

    /// Imports every object of the tree, or reports the planned action.
    /// - Parameter report: called once for each object when its outcome is known; from any thread, one call at a time.
    /// - Throws: `ComponentError` if no object can be imported: the server cannot be reached, or the credentials have
    ///   too few rights. The result of one object is its ``ImportedObject/outcome``.
    func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws
}

package enum ImportDestination: Equatable, Sendable {
    /// A running server from the configuration.
    case server
    /// A directory that the user specifies.
    case directory
}

package struct ImportRequest: Sendable {
    /// Absolute path of the restored tree; private, may be changed.
    package var tree: String
    package var manifest: Manifest
    /// For ``ImportDestination/directory``: the absolute path of the target.
    package var directory: String?
    /// Places that the directory must not contain, nor be inside.
    package var protected: [RestoreTarget.ProtectedPlace] = []
    /// Report the planned actions only: write nothing except in `tree`.
    package var isDryRun = false
    /// Allow replacing conflicting objects.
    package var replaces = false
    /// Restore workloads without starting them, because their data are restored later.
    package var holdsWorkloads = false
    /// True if the operator lets objects send their secrets to other servers than now.
    package var allowsSecretHosts = false
    /// Import beside existing objects, under names that begin with this prefix.
    package var prefix: String?
    package var progress: WorkProgress
    package var logger: Logger

    package init(tree: String, manifest: Manifest, progress: WorkProgress, logger: Logger) {
        self.tree = tree
        self.manifest = manifest
        self.progress = progress
        self.logger = logger
    }
}

/// One object, and the result of its import, or the planned result.
package struct ImportedObject: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, CaseIterable, Sendable {
        case create, update
        /// It exists already, with the same content.
        case same
        /// An object with other content exists, and was not changed.
        case conflict
        /// Skipped intentionally; the detail gives the reason.
        case skipped
        case failed
    }

    /// The domain's word: "dashboard", "contact point", "index".
    package var kind: String
    /// For people, unambiguous: "'Nodes' (uid rYdddlPWk), organisation 'Main Org.'".
    package var name: String
    package var outcome: Outcome
    /// The reason of a failure, the conflict, or the remedy; nil if the outcome says it all.
    package var detail: String?
    /// Secrets that it needs and that are not configured: names under the component's `secrets:`.
    package var missingSecrets: [String]

    package init(
        _ kind: String, _ name: String, outcome: Outcome, detail: String? = nil, missingSecrets: [String] = []
    ) {
        self.kind = kind
        self.name = name
        self.outcome = outcome
        self.detail = detail
        self.missingSecrets = missingSecrets
    }

    /// True if the object is now (or would be) as it was backed up.
    package var isWhole: Bool { outcome != .failed && outcome != .conflict && missingSecrets.isEmpty }
}
