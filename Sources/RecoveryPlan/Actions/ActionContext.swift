package import FoundationEssentials
package import HTTP
package import Kubernetes
package import Logging
package import Notifications
package import Platform
package import Components

/// The environment of an action.
package struct ActionContext: Sendable {
    package var run: RunIdentity
    package var services: any RecoveryServices
    /// Threads for blocking calls.
    package var pool: BlockingPool
    package var logger: Logger
    /// The environment of programs that a step runs.
    package var environment: [String: String]
    /// The base of relative paths: the folder of the configuration.
    package var folder: String
    /// Prints a progress message on the terminal; it is not written to the journal.
    package var tell: @Sendable (String) -> Void
    /// The values that the run remembers in its journal.
    package var memory = RunMemory()
    /// True for a drill, which must not touch the controllers of the live stack.
    package var isDrill = false
    /// In a preview: the workloads that earlier actions have stopped when this one runs.
    package var stopped: Set<StoppedWorkload> = []
    /// The end of the step's time-out; nil if the action is not part of a step.
    package var deadline: ContinuousClock.Instant?

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

/// A workload that an action of a plan scales to 0.
package struct StoppedWorkload: Hashable, Sendable {
    package var context: String?
    package var namespace: String?
    /// As in `TYPE/NAME`.
    package var workload: String
}

/// The identity of a run.
package struct RunIdentity: Codable, Equatable, Sendable {
    /// The random id, which is also the name of the journal.
    package var id: String
    package var stack: String
    package var scenario: String
    /// The name of the backup set to restore; the newest one if components come from several sets.
    package var set: String

    package init(id: String, stack: String, scenario: String, set: String) {
        self.id = id
        self.stack = stack
        self.scenario = scenario
        self.set = set
    }
}

/// The services that the engine requires. The program connects them to the repository, the checks and the network.
package protocol RecoveryServices: Sendable {
    /// - Parameter stopped: the workloads that the plan has stopped by then.
    func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview
    /// Restores and verifies one component. After a crash, another call continues the restore or finds it complete.
    /// - Throws: ``ActionError``.
    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent

    /// Removes replaced content that restores are to discard. The engine calls it after the run is validated.
    /// - Returns: one line for each removed tree, and for each that could not be removed.
    func discardPrevious(of restored: [RestoredComponent], in run: RunIdentity) async -> [String]

    /// Runs the named checks concurrently. A check that cannot run counts as failed.
    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult]

    /// Queues a notification. It is delivered in the background; a delivery error does not fail the recovery.
    /// - Returns: the reason for which no notification is sent; nil if it is queued.
    @discardableResult
    func notify(_ notice: Notice) async -> String?

    /// Takes a backup and waits until its set is committed.
    /// - Parameter maximumAge: seconds; a set that is not older makes a new backup unnecessary.
    /// - Returns: the name of the set.
    func backup(maximumAge: Int?) async throws -> String

    func previewThaw(_ request: ThawRequest, in run: RunIdentity) async throws -> ActionPreview
    /// Makes the packs of the backup readable, and waits until all of them are.
    /// - Returns: one line about them.
    /// - Throws: ``ActionError``.
    func thaw(_ request: ThawRequest, in run: RunIdentity) async throws -> String

    /// Asks the operator for confirmation.
    /// - Throws: ``ActionError`` if there is no terminal, or the answer is no.
    func confirm(_ question: String) async throws

    /// Returns the connection options of the configured component that a URL belongs to: credentials and certificates.
    /// - Returns: nil if the URL belongs to no component.
    func connection(to url: String) throws -> HTTPOptions?

    func now() -> Date
}

extension RecoveryServices {
    package func connection(to url: String) throws -> HTTPOptions? { nil }
    package func discardPrevious(of restored: [RestoredComponent], in run: RunIdentity) async -> [String] { [] }

    package func previewThaw(_ request: ThawRequest, in run: RunIdentity) async throws -> ActionPreview {
        let parts = request.components.isEmpty ? "" : " of \(request.components.joined(separator: ", "))"
        return ActionPreview([
            "make archived packs\(parts) readable for \(request.days) days, at speed \(request.tier.rawValue)"
        ])
    }

    package func thaw(_ request: ThawRequest, in run: RunIdentity) async throws -> String {
        throw ActionError(.hopeless, operation: "thaw", "there is no store here")
    }
}

/// A request to restore a component to a target.
package struct ComponentRestoreRequest: Codable, Equatable, Sendable {
    package var component: String
    /// The target as an absolute path; nil for the component's data directory or server in the configuration.
    package var to: String?
    /// The paths to restore; empty for the whole component.
    package var paths: [String]
    /// True to keep existing files beside the restored tree.
    package var replace: Bool
    package var previous: PreviousContentUse
    /// True to restore the workloads of a cluster without starting them.
    package var hold: Bool
    /// True to take contents from the target's present content, and from snapshots of its volume.
    package var seed: Bool

    package init(
        component: String, to: String? = nil, paths: [String] = [], replace: Bool = true,
        previous: PreviousContentUse = .keep, hold: Bool = false, seed: Bool = true
    ) {
        self.component = component
        self.to = to
        self.paths = paths
        self.replace = replace
        self.previous = previous
        self.hold = hold
        self.seed = seed
    }
}

/// The use of content that a restore replaced.
package enum PreviousContentUse: String, Codable, CaseIterable, Sendable {
    /// The content stays beside the target.
    case keep
    /// The content is removed after the run is validated.
    case discard
}

/// A restored and verified component.
package struct RestoredComponent: Codable, Equatable, Sendable {
    package var component: String
    package var set: String
    /// The time of the newest restored data, in milliseconds since 1970. For kinds without timestamps, the time of the
    /// backup. Nil if it is not known, or there are no data.
    package var newest: Int?
    package var files: Int
    package var bytes: Int
    /// The places that the content came from, in words; nil if only the store could have it.
    package var origin: String?
    /// Missing parts and manual work, one line each.
    package var warnings: [String]
    /// The absolute path of replaced content to discard; nil if there is none.
    package var previous: String?
    /// The reason why a server may be unable to use the data: their owner could not be set. Nil if it was set.
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
