package import Cryptography

/// `sets/<timestamp>.json`: one run over all components, the restore point. It is written last: what it names exists.
package struct BackupSet: Codable, Equatable, Sendable {
    package enum Status: String, Codable, Sendable {
        /// Every component that was configured is in it, whole.
        case complete
        case partial
    }

    package var format: Int
    package var kind = "set"
    package var name: Timestamp
    package var repository: String
    /// Random identity of the run that made it.
    package var run: String
    package var tool: String
    package var stack: String?
    package var started: Timestamp
    package var finished: Timestamp
    package var status: Status
    /// The reasons why it is partial: one line each, empty when it is complete.
    package var reasons: [String]
    /// The newest set when this run began. A chain: a set that is gone and was not pruned is missed.
    package var previous: Timestamp?
    package var components: [String: Component]
    /// Components of which this set holds nothing, with the reason.
    package var failed: [String: String]
    /// All components that were configured when it was made, in order; absent in sets of early versions. Those that are
    /// neither in ``components`` nor in ``failed`` were not asked for.
    package var configured: [String]?

    enum CodingKeys: String, CodingKey {
        case format, kind, name, repository, run, tool, stack, started, finished, status, reasons, previous, components
        case failed, configured
    }

    package struct Component: Codable, Equatable, Sendable {
        package var source: String
        /// The manifest's name, and the SHA-256 of the object.
        package var manifest: Timestamp
        package var sha256: Digest
        package var captured: Timestamp
        package var watermark: Int?
        /// Time of the oldest datum, in milliseconds since 1970, where the source knows it.
        package var oldest: Int?
        /// Absent where ``watermark`` says how new the data are, or the kind has no such notion.
        package var datum: DatumState?
        /// The set that held far more of it: this one does not take its place. Absent where nothing shrank.
        package var shrunk: Timestamp?
        package var files: Int
        package var bytes: Int
        /// Damaged or unreadable paths left out.
        package var damaged: Int
        /// What this run added to the store for it.
        package var added: Added
        /// Wall time from capture to manifest.
        package var seconds: Double

        /// True if nothing of it is missing, as far as the backup could tell.
        package var isWhole: Bool { damaged == 0 && shrunk == nil }
    }

    /// Components that were configured and that the run was not asked to back up, in order.
    package var skipped: [String] {
        (configured ?? []).filter { components[$0] == nil && failed[$0] == nil }
    }

    /// True if the run stored whole what it was asked for.
    package var isAsAsked: Bool { failed.isEmpty && components.values.allSatisfy(\.isWhole) }

    package struct Added: Codable, Equatable, Sendable {
        /// Entries read because they were new or changed.
        package var files: Int
        /// Plain bytes of their contents that were not in the repository yet.
        package var bytes: Int
        /// Bytes of the pack and index objects written.
        package var stored: Int
        package var packs: Int
    }
}
