package import BackupRepository
import Platform
import Retention

/// The facts of one backup set that lists need: a small part of its document, which never changes.
///
/// Ten thousand of them take some megabytes.
package struct StoredSet: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        package var name: String
        package var files: Int
        package var bytes: Int
        /// Bytes that the run added to the store for it.
        package var stored: Int
        package var isWhole: Bool
    }

    package var name: Timestamp
    package var isComplete: Bool
    /// The time of the run, in seconds.
    package var seconds: Int
    package var components: [Component]
    package var failed: [String]
    package var isImported: Bool
    /// The stack that it belongs to, if not the stack of the session.
    package var otherStack: String?

    init(_ set: BackupSet, in scope: SetScope) {
        name = set.name
        isComplete = set.status == .complete
        seconds = max(0, set.finished.seconds.subtractingClamped(set.started.seconds))
        components = set.components.sorted { $0.key < $1.key }.map { name, part in
            Component(
                name: name, files: part.files, bytes: part.bytes, stored: part.added.stored, isWhole: part.isWhole)
        }
        failed = set.failed.keys.sorted()
        isImported = set.imported != nil
        otherStack = scope.owns(set) ? nil : set.stack ?? ""
    }

    package var bytes: Int { components.lazy.map(\.bytes).clampedSum() }
    package var files: Int { components.lazy.map(\.files).clampedSum() }
    /// Bytes that the run added to the store.
    package var stored: Int { components.lazy.map(\.stored).clampedSum() }

    /// The facts that retention decides on, as ``SetMarks/retentionFacts(of:at:in:)`` makes them.
    func retentionFacts(_ marks: SetMarks.Facts, at now: Timestamp) -> SetFacts {
        let pin = marks.pinned.flatMap { $0.holds(at: now) ? $0 : nil }
        var facts = SetFacts(
            time: name.seconds, isComplete: isComplete && !isImported,
            components: Dictionary(components.map { ($0.name, $0.isWhole && !isImported) }) { first, _ in first },
            verified: marks.verified?.seconds, isDamaged: marks.isDamaged,
            pinnedUntil: pin.map { $0.until?.seconds ?? .max })
        facts.sizes = Dictionary(components.map { ($0.name, $0.bytes) }) { first, _ in first }
        facts.dropReason = marks.dropReason(at: now)
        facts.otherStack = otherStack
        return facts
    }
}
