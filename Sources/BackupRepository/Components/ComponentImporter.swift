package import Logging

/// Brings a component back that is not simply a tree of files: through its server's API, or by unpacking what the
/// tree holds. The files themselves were restored and proved before.
///
/// Running it again changes nothing that is right already; one object's failure costs the others nothing.
package protocol ComponentImporter: Sendable {
    static var kind: String { get }
    /// What it fills.
    static var destination: ImportDestination { get }

    /// Puts every object of the tree where it belongs, or says what it would do.
    /// - Parameter report: called once for each object, when its outcome is known; from any thread, one call at a time.
    /// - Throws: `ComponentError` when nothing can be done at all: the server is away, the credentials are too weak.
    ///   What befalls one object is its ``ImportedObject/outcome``.
    func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws
}

package enum ImportDestination: Equatable, Sendable {
    /// A running server that the configuration names.
    case server
    /// A directory that the user names.
    case directory
}

package struct ImportRequest: Sendable {
    /// Absolute path of the restored tree; private, may be changed.
    package var tree: String
    package var manifest: Manifest
    /// For ``ImportDestination/directory``: where to; absolute.
    package var directory: String?
    /// What the directory must not hold, nor lie in.
    package var protected: [RestoreTarget.ProtectedPlace] = []
    /// Only say what would be done: nothing is written anywhere but in `tree`.
    package var isDryRun = false
    /// What is in the way may be replaced.
    package var replaces = false
    /// Restore beside what is there, under names that begin with this.
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

/// One object, and what an import did with it or would do.
package struct ImportedObject: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, CaseIterable, Sendable {
        case create, update
        /// It is there already, as it should be.
        case same
        /// Something else is in its place, and was left alone.
        case conflict
        /// Left out on purpose; the detail says why.
        case skipped
        case failed
    }

    /// In the words of the field: "dashboard", "contact point", "index".
    package var kind: String
    /// For people, unambiguous: "'Nodes' (uid rYdddlPWk), organisation 'Main Org.'".
    package var name: String
    package var outcome: Outcome
    /// Why it failed, what is in the way, what to do; nil where the outcome says it all.
    package var detail: String?
    /// Secrets that it needs and that were not at hand: names under the component's `secrets:`.
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

    /// Whether the object is now (or would be) as it was backed up.
    package var isWhole: Bool { outcome != .failed && outcome != .conflict && missingSecrets.isEmpty }
}
