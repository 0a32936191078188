package import Foundation
package import HTTP
package import Logging
package import Notifications
package import Platform
package import Components

/// What an action may use.
package struct ActionContext: Sendable {
    package var run: RunIdentity
    package var services: any RecoveryServices
    /// Threads for calls that block.
    package var pool: BlockingPool
    package var logger: Logger
    /// For programs that a step runs.
    package var environment: [String: String]
    /// Relative paths start here: the folder of the configuration.
    package var folder: String
    /// Tells whoever watches what is going on; for the terminal, never for the journal.
    package var tell: @Sendable (String) -> Void

    package init(
        run: RunIdentity, services: any RecoveryServices, pool: BlockingPool, logger: Logger,
        environment: [String: String], folder: String, tell: @escaping @Sendable (String) -> Void
    ) {
        self.run = run
        self.services = services
        self.pool = pool
        self.logger = logger
        self.environment = environment
        self.folder = folder
        self.tell = tell
    }
}

/// Which run of which plan this is.
package struct RunIdentity: Codable, Equatable, Sendable {
    /// Random; also the name of the journal.
    package var id: String
    package var stack: String
    package var scenario: String
    /// The backup set that is restored, as its name; the newest where components come from several.
    package var set: String

    package init(id: String, stack: String, scenario: String, set: String) {
        self.id = id
        self.stack = stack
        self.scenario = scenario
        self.set = set
    }
}

/// What the engine has others do: the program connects it to the repository, to the checks and to the outside world.
package protocol RecoveryServices: Sendable {
    func previewRestore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> ActionPreview
    /// Brings one component back, verified; running it again after a crash goes on or finds it done.
    /// - Throws: ``ActionError``.
    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent

    /// Removes what restores replaced and were told to discard: called once the run is validated.
    /// - Returns: a line for each that was removed, or could not be.
    func discardPrevious(of restored: [RestoredComponent]) async -> [String]

    /// Runs the named checks side by side; a check that cannot be made is a failed one.
    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult]

    /// Hands a notice over; it is delivered in the background and never makes a recovery fail.
    func notify(_ notice: Notice) async

    /// Takes a backup and waits for its set.
    /// - Parameter maximumAge: seconds; a set that is no older is enough.
    /// - Returns: the set's name.
    func backup(maximumAge: Int?) async throws -> String

    /// Asks a person.
    /// - Throws: ``ActionError`` when there is nobody to ask (no terminal), or the answer was no.
    func confirm(_ question: String) async throws

    /// How to talk to the server of a configured component: its credentials and certificates.
    /// - Returns: nil where the URL belongs to none.
    func connection(to url: String) throws -> HTTPOptions?

    func now() -> Date
}

extension RecoveryServices {
    package func connection(to url: String) throws -> HTTPOptions? { nil }
    package func discardPrevious(of restored: [RestoredComponent]) async -> [String] { [] }
}

/// Which component goes where.
package struct ComponentRestoreRequest: Codable, Equatable, Sendable {
    package var component: String
    /// Absolute path; nil for the component's own place in the configuration: its data directory, its server.
    package var to: String?
    /// Only what is below these paths; all when empty.
    package var paths: [String]
    /// Keep what is in the way beside the restored tree.
    package var replace: Bool
    package var previous: PreviousContentUse

    package init(
        component: String, to: String? = nil, paths: [String] = [], replace: Bool = true,
        previous: PreviousContentUse = .keep
    ) {
        self.component = component
        self.to = to
        self.paths = paths
        self.replace = replace
        self.previous = previous
    }
}

/// The use of content that a restore replaced.
package enum PreviousContentUse: String, Codable, CaseIterable, Sendable {
    /// It stays beside the target.
    case keep
    /// It is removed once the run is validated.
    case discard
}

/// A component that came back, verified.
package struct RestoredComponent: Codable, Equatable, Sendable {
    package var component: String
    package var set: String
    /// Time of the newest restored datum, in milliseconds since 1970; the capture's time where the kind has no such
    /// notion. Nil where it is not known, or there is no datum.
    package var newest: Int?
    package var files: Int
    package var bytes: Int
    /// What is missing or must be done by hand, a line each.
    package var warnings: [String]
    /// Replaced content that is to be discarded, as an absolute path; nil where there is none.
    package var previous: String?
    /// Why a server may be unable to use the data: their owner could not be set. Nil where it could.
    package var ownerShortfall: String?

    package init(
        component: String, set: String, newest: Int?, files: Int, bytes: Int, warnings: [String] = []
    ) {
        self.component = component
        self.set = set
        self.newest = newest
        self.files = files
        self.bytes = bytes
        self.warnings = warnings
    }
}
