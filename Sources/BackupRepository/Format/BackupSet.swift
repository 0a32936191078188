package import Cryptography

/// `sets/<timestamp>.json`: one run over all components, the restore point. It is written last: all objects that it
/// names exist.
package struct BackupSet: Codable, Equatable, Sendable {
    package enum Status: String, Codable, Sendable {
        /// Every configured component is in it, whole.
        case complete
        case partial
    }

    package var format: Int
    package var kind = "set"
    package var name: Timestamp
    package var repository: String
    /// Random id of the run that wrote it.
    package var run: String
    package var tool: String
    package var stack: String?
    package var started: Timestamp
    package var finished: Timestamp
    package var status: Status
    /// The reasons why it is partial: one line each, empty when it is complete.
    package var reasons: [String]
    /// The newest set when this run began. It forms a chain: a set that is gone and was not pruned is noticed.
    package var previous: Timestamp?
    /// The SHA-256 of that set's document as it is stored; absent in sets of early versions. It proves that no set before
    /// this one was exchanged.
    package var previousDigest: Digest?
    /// One more than the number of the set before; absent in sets of early versions.
    package var number: Int?
    /// The SHA-256 fingerprints of the certificates to which this run encrypted. Present only if every pack of the set is
    /// encrypted; absent in sets of early versions.
    package var recipients: [String]?
    package var components: [String: Component]
    /// Components without data in this set, with the reason.
    package var failed: [String: String]
    /// All configured components when it was written, in order; absent in sets of early versions. Those that are
    /// neither in ``components`` nor in ``failed`` were not requested.
    package var configured: [String]?
    /// The encoded ``RecoveryDocuments``; absent in sets of early versions.
    package var recovery: String?
    /// The newest entry of the ledger that the host knew; absent if there was none. The signature of the set then vouches
    /// for the ledger up to it.
    package var ledger: LedgerHead?

    enum CodingKeys: String, CodingKey {
        case format, kind, name, repository, run, tool, stack, started, finished, status, reasons, previous,
            previousDigest
        case number, recipients, components, failed, configured, recovery, ledger
    }

    package struct Component: Codable, Equatable, Sendable {
        package var source: String
        /// The manifest's name, and the SHA-256 of the object.
        package var manifest: Timestamp
        package var sha256: Digest
        package var captured: Timestamp
        package var watermark: Int?
        /// Time of the oldest datum, in milliseconds since 1970, if the source knows it.
        package var oldest: Int?
        /// Absent if ``watermark`` is the time of the newest datum, or the kind has no such time.
        package var datum: DatumState?
        /// The set that held far more of it: this one does not replace it. Absent if the component did not shrink.
        package var shrunk: Timestamp?
        package var files: Int
        package var bytes: Int
        /// The Merkle root over the paths and contents of its files; absent in sets of early versions.
        package var contents: Digest?
        /// Damaged or unreadable paths that were skipped.
        package var damaged: Int
        /// The data that this run added to the store for it.
        package var added: Added
        /// Wall time from capture to manifest.
        package var seconds: Double

        /// True if it is not missing any data, as far as the backup could tell.
        package var isWhole: Bool { damaged == 0 && shrunk == nil }
    }

    /// Configured components that the run was not asked to back up, in order.
    package var skipped: [String] {
        (configured ?? []).filter { components[$0] == nil && failed[$0] == nil }
    }

    /// True if the run stored all requested components whole.
    package var isAsAsked: Bool { failed.isEmpty && components.values.allSatisfy(\.isWhole) }

    package struct Added: Codable, Equatable, Sendable {
        /// Entries read because they were new or changed.
        package var files: Int
        /// Plain bytes of their contents that the repository did not have yet.
        package var bytes: Int
        /// Bytes of the pack and index objects written.
        package var stored: Int
        package var packs: Int
    }
}
