package import Logging
package import Platform

/// Reads one component of the stack: what every kind of component conforms to, and all that it must.
///
/// A backup calls ``capture(_:)``, archives the directory tree that comes back, and always ends with
/// ``Capture/release()``, also after an error and after a cancellation.
package protocol ComponentSource: Sendable {
    /// The word for this kind in `dr.yaml` and in manifests: "files", "prometheus".
    static var kind: String { get }

    /// Takes a consistent view of the component as it is now.
    ///
    /// Also removes what a killed earlier run left behind in the source (its snapshots, its temporary folders).
    /// - Throws: ``ComponentError`` when the component cannot be captured at all; the run then goes on without it.
    func capture(_ context: CaptureContext) async throws -> any Capture

    /// Looks, without changing anything, whether a capture would work: what `dr doctor` shows.
    func diagnose() async -> [Diagnosis]

    /// Removes what a backup left in the component's own keeping, such as a snapshot in Elasticsearch's repository:
    /// called once its set is not kept any longer. Harmless when it is gone already.
    /// - Parameter facts: of the backup's manifest.
    func forget(_ facts: [String: String]) async throws
}

/// One thing that was looked at, and whether it stands in the way of a backup.
package struct Diagnosis: Equatable, Sendable {
    package enum Verdict: Equatable, Sendable { case ok, warning, failed }

    /// What was looked at: "admin API", "data directory".
    package var subject: String
    package var verdict: Verdict
    /// What was seen, and what to do about it.
    package var detail: String

    package init(of subject: String, _ verdict: Verdict, _ detail: String) {
        self.subject = subject
        self.verdict = verdict
        self.detail = detail
    }
}

/// What a run hands to a source.
package struct CaptureContext: Sendable {
    /// Random identity of this run; fit for names that must be told from other runs'.
    package var run: String
    /// A folder of this component's own that outlives the run, for notes such as "this snapshot is mine". Absolute,
    /// exists. Losing it costs time, never data.
    package var state: String
    package var logger: Logger
    /// For a capture that may take long and knows how far it is: one that shows nothing for the component's
    /// `stall_timeout` is given up.
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
    /// Time of the newest datum in the tree, in milliseconds since 1970, taken from the data themselves; nil where it
    /// is not known: ``newestDatum`` says why.
    var watermark: Int? { get }
    /// How new the data are. Asked once the tree was read. A kind whose data have times answers `.empty` or `.unknown`
    /// where ``watermark`` is nil.
    var newestDatum: NewestDatum { get }
    /// The time of the oldest datum, in milliseconds since 1970; nil where it is not known.
    var oldestDatum: Int? { get }
    /// What a person or a check wants to know about the source later: versions, counts, settings. Stable keys.
    var facts: [String: String] { get }
    /// Things that went less than well but cost no data, for people.
    var warnings: [String] { get }
    /// True when the tree cannot change under the backup (hard-linked or private): a file that then vanishes or
    /// changes while it is read is damage, not life.
    var isFrozen: Bool { get }

    /// Absolute path of the directory whose owner, mode and time a restored tree gets: the one in which the component's
    /// data live, where ``root`` is only a copy or a snapshot of it. Nil where there is none, such as for documents of
    /// a server.
    var directoryOfData: String? { get }
    /// Directories that belong to the tree and lie elsewhere.
    var layers: [CaptureLayer] { get }
    /// What could not be captured, found out while it was tried; paths as in the tree. Counts whatever has changed.
    var damage: [Damage] { get }
    /// What the source never shows and this backup therefore lacks.
    var withheld: [Withheld] { get }

    /// Whether to leave out a path relative to the root; a directory's ends in `/` and stands for all below it.
    func isExcluded(_ path: [UInt8]) -> Bool

    /// Checks one file's content while it is read for storing; nil where the domain has no checks for this path.
    ///
    /// A file that fails while somebody may still be writing it is read again; when it goes on failing it is left out
    /// as damaged. A file that did not change since the backup before is not read, and not inspected again.
    func inspector(of path: String) -> (any ContentInspector)?

    /// Checks what is about to be stored, with the domain's own means, before a byte of it is read for storing.
    ///
    /// - Parameter changed: names of the top-level entries of the tree in which anything is new or changed since
    ///   the backup before; all of them in a first backup, none where nothing changed. What is unchanged was examined
    ///   then.
    /// - Returns: what is damaged. The backup leaves those paths out, stores the rest, and calls the set partial.
    func examine(_ changed: [String]) async throws -> [Damage]

    /// Gives the view up: removes snapshots and temporary folders. Must work after cancellation and be harmless twice.
    func release() async throws
}

/// The domain's checks of one file that streams by.
package protocol ContentInspector: AnyObject {
    func write(_ bytes: RawSpan)
    /// What is damaged, once all bytes were written.
    func finish() -> [Damage]
    /// The same for content that is there in one piece, instead of both.
    func inspect(_ whole: RawSpan) -> [Damage]
}

extension ContentInspector {
    package func inspect(_ whole: RawSpan) -> [Damage] {
        write(whole)
        return finish()
    }
}

extension ComponentRestorer {
    package func isWanted(_ path: String, in slice: RestoreSlice) -> Bool { true }
    package func newestDatum(of path: String) -> Int? { nil }
    package func notes(on slice: RestoreSlice) -> [String] { [] }
    package func obstacles(to target: String) async -> [String] { [] }
    package func inspector(of path: String) -> (any ContentInspector)? { nil }
}

extension ComponentSource {
    package func diagnose() async -> [Diagnosis] { [] }
    package func forget(_ facts: [String: String]) async throws {}
}

extension Capture {
    package var directoryOfData: String? { nil }
    package var newestDatum: NewestDatum { watermark.map { .at($0) } ?? .ofCapture }
    package var oldestDatum: Int? { nil }
    package var layers: [CaptureLayer] { [] }
    package var damage: [Damage] { [] }
    package var withheld: [Withheld] { [] }
    package func inspector(of path: String) -> (any ContentInspector)? { nil }
    package func isExcluded(_ path: [UInt8]) -> Bool { false }
}

/// One damaged or unreadable thing, named.
package struct Damage: Codable, Equatable, Sendable {
    /// Path relative to the tree's root; a directory stands for all below it.
    package var path: String
    /// In the words of the field: "chunk at 8 of segment 000001: CRC is 1a2b3c4d, should be …".
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}

/// Knows what a restored tree of one kind must be like: the other half of a component.
package protocol ComponentRestorer: Sendable {
    static var kind: String { get }

    /// Looks at a restored tree before it takes its final place, with the domain's own checks, reading from disk.
    /// - Parameter tree: absolute path of the staged tree.
    /// - Returns: what is damaged; the restore then stops and leaves the live tree untouched.
    func examine(restored tree: String) async throws -> [Damage]

    /// What forbids replacing the target now, such as a server that runs on it, in words. Asked before anything is done.
    func obstacles(to target: String) async -> [String]

    /// Whether a file belongs to a slice of the component; asked only of kinds that can be sliced.
    func isWanted(_ path: String, in slice: RestoreSlice) -> Bool

    /// The time of the newest datum in a file, from its path alone, in milliseconds since 1970; nil where a path does not
    /// tell. Asked of kinds that can be sliced.
    func newestDatum(of path: String) -> Int?

    /// What a slice lacks that a user may expect of it.
    func notes(on slice: RestoreSlice) -> [String]

    /// Checks one file's content as it comes out of the repository, for `dr verify --read-data`.
    /// - Returns: nil where the domain has no checks for a file of this path.
    func inspector(of path: String) -> (any ContentInspector)?

    /// What the user must know or do before the restored tree is put to use: a retention that would delete it at once,
    /// a server that still runs on the target. Empty when nothing is amiss. Never throws: a check that cannot be made
    /// says so in its own line.
    /// - Parameters:
    ///   - tree: absolute path of the staged tree.
    ///   - target: absolute path it is about to take.
    func advice(restored tree: String, target: String) async -> [String]
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
    /// What was attempted, on which object: "snapshot of http://localhost:9090".
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
