package import Logging
package import Platform

/// Reads one component of the stack. Every kind of component conforms to it.
///
/// A backup calls ``capture(_:)``, archives the directory tree of the result, and always ends with
/// ``Capture/release()``, also after an error or a cancellation.
package protocol ComponentSource: Sendable {
    /// The name of this kind in `dr.yaml` and in manifests: "files", "metrics".
    static var kind: String { get }

    /// Takes a consistent view of the component at the present moment.
    ///
    /// Also removes leftovers of a killed earlier run in the source (its snapshots, its temporary folders).
    /// - Throws: ``ComponentError`` if the component cannot be captured; the run then continues without it.
    func capture(_ context: CaptureContext) async throws -> any Capture

    /// Checks, without changing anything, that a capture would work. `dr doctor` shows the result.
    func diagnose() async -> [Diagnosis]

    /// Returns the reason why the directory in `dr.yaml` is another than the server's; nil if they are the same, if the
    /// server does not answer, or if this machine cannot tell. A restore into such a directory would leave the server
    /// empty.
    func misplacement() async -> String?

    /// Removes data that a backup stored in the component itself, such as a snapshot in a cluster's own repository.
    /// Called once its set is no longer kept. Harmless if the data are already gone.
    /// - Parameters:
    ///   - facts: of the backup's manifest.
    ///   - keeping: reads the facts of the manifests that kept sets name. Data that one of them names must stay, whatever
    ///     `facts` says: in a repository without signatures a user with write access to the store can forge it.
    func forget(_ facts: [String: String], keeping: @Sendable () async throws -> [[String: String]]) async throws
}

/// One check, with its result for a backup.
package struct Diagnosis: Equatable, Sendable {
    package enum Verdict: Equatable, Sendable { case ok, warning, failed }

    /// The subject of the check: "admin API", "data directory".
    package var subject: String
    package var verdict: Verdict
    /// The finding, and the remedy.
    package var detail: String

    package init(of subject: String, _ verdict: Verdict, _ detail: String) {
        self.subject = subject
        self.verdict = verdict
        self.detail = detail
    }
}

/// The parameters that a run passes to a source.
package struct CaptureContext: Sendable {
    /// The random id of this run; suitable for names that must differ between runs.
    package var run: String
    /// A folder for this component that is kept between runs, for notes such as "this snapshot is mine". Absolute,
    /// exists. Losing it costs time, never data.
    package var state: String
    package var logger: Logger
    /// For a capture that may take long and can report progress: one without progress for the component's
    /// `stall_timeout` is stopped.
    package var progress: WorkProgress

    package init(run: String, state: String, logger: Logger, progress: WorkProgress = WorkProgress()) {
        self.run = run
        self.state = state
        self.logger = logger
        self.progress = progress
    }
}

/// A consistent view of a component at one moment: a directory tree on this machine that does not change while held.
package protocol Capture: Sendable {
    /// Absolute path of the tree to archive; paths in the manifest are relative to it.
    var root: String { get }
    /// Time of the newest datum in the tree, in milliseconds since 1970, taken from the data themselves; nil if it is
    /// not known: ``newestDatum`` gives the reason.
    var watermark: Int? { get }
    /// The age of the data. Read after the tree was read. A kind whose data have times returns `.empty` or `.unknown`
    /// if ``watermark`` is nil.
    var newestDatum: NewestDatum { get }
    /// The time of the oldest datum, in milliseconds since 1970; nil if it is not known.
    var oldestDatum: Int? { get }
    /// Facts about the source for operators and checks: versions, counts, settings. Stable keys.
    var facts: [String: String] { get }
    /// Problems that cost no data, for people.
    var warnings: [String] { get }
    /// True if the tree cannot change during the backup (hard-linked or private): a file that then vanishes or changes
    /// while it is read is damaged.
    var isFrozen: Bool { get }

    /// Absolute path of the directory whose owner, mode and time a restored tree gets: the component's data directory,
    /// if ``root`` is only a copy or a snapshot of it. Nil if there is none, such as for documents of a server.
    var directoryOfData: String? { get }
    /// Directories that belong to the tree and are elsewhere.
    var layers: [CaptureLayer] { get }
    /// The files of the tree if they are not on this machine; ``root`` is then an empty directory. Nil for a tree of
    /// this machine.
    var objects: (any ObjectTree)? { get }
    /// Paths that could not be captured, found during the capture; relative to the tree. It applies to unchanged paths
    /// too.
    var damage: [Damage] { get }
    /// Values that the source never shows, so that this backup lacks them.
    var withheld: [Withheld] { get }

    /// Returns true if a path relative to the root is excluded. A directory's path ends in `/` and includes everything
    /// below it.
    func isExcluded(_ path: [UInt8]) -> Bool

    /// Returns a checker for one file's content while it is read for storing; nil if the domain has no checks for this
    /// path.
    ///
    /// A file that fails while it may still be written is read again; if it keeps failing, it is skipped as damaged. A
    /// file that did not change since the previous backup is not read, and not inspected again.
    func inspector(of path: String) -> (any ContentInspector)?

    /// Checks the data to be stored with the domain's own tools, before any of them are read for storing.
    ///
    /// - Parameter changed: names of the top-level entries of the tree with new or changed content since the previous
    ///   backup; all of them in a first backup, none without changes. Unchanged entries were examined before.
    /// - Returns: the damage. The backup skips those paths, stores the rest, and marks the set as partial.
    func examine(_ changed: [String]) async throws -> [Damage]

    /// Releases the view: removes snapshots and temporary folders. Must work after a cancellation and be harmless
    /// twice.
    func release() async throws
}

/// The domain's checks of one file, as a stream.
package protocol ContentInspector: AnyObject {
    func write(_ bytes: RawSpan)
    /// Returns the damage, once all bytes were written.
    func finish() -> [Damage]
    /// Does the same for content in one piece, in place of both calls.
    func inspect(_ whole: RawSpan) -> [Damage]
}

extension ContentInspector {
    package func inspect(_ whole: RawSpan) -> [Damage] {
        write(whole)
        return finish()
    }
}

extension ComponentRestorer {
    package var recordsOwners: Bool { true }
    package func isWanted(_ path: String, in slice: RestoreSlice) -> Bool { true }
    package func newestDatum(of path: String) -> Int? { nil }
    package func notes(on slice: RestoreSlice) -> [String] { [] }
    package func obstacles(to target: String) async -> [String] { [] }
    package func inspector(of path: String) -> (any ContentInspector)? { nil }
    package var canRebuildIndex: Bool { false }
    package func isIndex(_ path: String) -> Bool { false }
    package func rebuildIndex(of tree: String, inUse: Bool) async throws -> IndexRebuild { IndexRebuild() }
}

extension ComponentSource {
    package func diagnose() async -> [Diagnosis] { [] }
    package func misplacement() async -> String? { nil }
    package func forget(
        _ facts: [String: String], keeping: @Sendable () async throws -> [[String: String]]
    ) async throws {}
}

extension Capture {
    package var directoryOfData: String? { nil }
    package var newestDatum: NewestDatum { watermark.map { .at($0) } ?? .ofCapture }
    package var oldestDatum: Int? { nil }
    package var layers: [CaptureLayer] { [] }
    package var objects: (any ObjectTree)? { nil }
    package var damage: [Damage] { [] }
    package var withheld: [Withheld] { [] }
    package func inspector(of path: String) -> (any ContentInspector)? { nil }
    package func isExcluded(_ path: [UInt8]) -> Bool { false }
}

/// One damaged or unreadable path, with the reason.
package struct Damage: Codable, Equatable, Sendable {
    /// Path relative to the tree's root; a directory includes everything below it.
    package var path: String
    /// The reason in the domain's words: "chunk at 8 of segment 000001: CRC is 1a2b3c4d, should be …".
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}

/// Checks a restored tree of one kind: the counterpart of a source.
package protocol ComponentRestorer: Sendable {
    static var kind: String { get }

    /// Checks a restored tree with the domain's own checks before it is moved to its target, reading from disk.
    /// - Parameter tree: absolute path of the staged tree.
    /// - Returns: the damage; the restore then stops and leaves the live tree unchanged.
    func examine(restored tree: String) async throws -> [Damage]

    /// False if the files of a backup had no owner at their source: a restore into a directory then does not try to set
    /// one, and the files belong to the user who restores them.
    var recordsOwners: Bool { get }

    /// Returns the obstacles to replacing the target now, such as a server that runs on it, in words. Called before any
    /// other step.
    func obstacles(to target: String) async -> [String]

    /// Returns true if a file belongs to a slice of the component. Called only for kinds that support slices.
    func isWanted(_ path: String, in slice: RestoreSlice) -> Bool

    /// Returns the time of the newest datum in a file, from its path alone, in milliseconds since 1970; nil if the path
    /// does not contain it. Called for kinds that support slices.
    func newestDatum(of path: String) -> Int?

    /// Returns notes on data that a slice lacks although a user may expect them.
    func notes(on slice: RestoreSlice) -> [String]

    /// Returns a checker for one file's content as it is read from the repository, for `dr verify --read-data`.
    /// - Returns: nil if the domain has no checks for a file of this path.
    func inspector(of path: String) -> (any ContentInspector)?

    /// Returns advice for the operator before the restored tree is used: a retention that would delete it at once, or a
    /// server that still runs on the target. Empty without findings. Never throws: a check that cannot be made is
    /// reported in its own line.
    /// - Parameters:
    ///   - tree: absolute path of the staged tree.
    ///   - target: absolute path that it will replace.
    func advice(restored tree: String, target: String) async -> [String]

    /// True if the kind can build its index again from its data.
    var canRebuildIndex: Bool { get }

    /// Returns true if a file is part of an index that ``rebuildIndex(of:inUse:)`` replaces.
    func isIndex(_ path: String) -> Bool

    /// Builds the index of a tree from its data alone. Moves an index that is there beside the data.
    /// - Parameters:
    ///   - tree: absolute path of the component's data.
    ///   - inUse: true for the data of a server, false for a restored tree before it is moved to its target.
    func rebuildIndex(of tree: String, inUse: Bool) async throws -> IndexRebuild
}

/// A component that could not be captured or restored.
package struct ComponentError: OperationError, Equatable {
    package enum Reason: String, Sendable {
        case unreachable = "component_unreachable"
        case refused = "component_refused"
        case misconfigured = "component_misconfigured"
        case noSpace = "component_no_space"
        case damaged = "component_damaged"
        case other = "component_error"
    }

    package var reason: Reason
    /// The attempted operation, with its object: "snapshot of http://localhost:9090".
    package var operation: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, operation: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}
