package import Cryptography

/// An importer that takes each file as it comes from the repository, so that the component never has to fit on this
/// machine.
package protocol StreamingImporter: ComponentImporter {
    /// The URL of the place; nil if none is configured.
    var location: String? { get }

    /// The same importer for another place.
    /// - Parameter url: as a user writes it.
    /// - Returns: nil if the kind cannot restore to such a place.
    func elsewhere(_ url: String) throws -> (any StreamingImporter)?

    /// Opens the destination. Blocks.
    /// - Parameters:
    ///   - request: its `tree` is empty.
    ///   - report: as for ``ComponentImporter/run(_:report:)``; not necessarily called for each file.
    func destination(
        _ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void
    ) throws -> any ObjectDestination
}

/// Receives the files of a backup from several threads.
package protocol ObjectDestination: Sendable {
    /// The number of passes over the backup: the files of one pass are all there before those of the next one begin.
    var passes: Int { get }
    /// The pass in which a file is written, from 0.
    func pass(of path: [UInt8]) -> Int

    /// Decides on one file. Called once for each, in its pass. Blocks.
    /// - Returns: false if it is not written: because it is there, or must not be replaced.
    func needs(_ record: FileRecord, _ digest: Digest) throws -> Bool

    /// Returns the receiver of a file that is needed. It uses no resources before the first bytes arrive. A file whose
    /// transfer was damaged gets another one.
    func receiver(of record: FileRecord) -> any ObjectReceiver

    /// Reports what was done, after the last file.
    func finish()

    /// The bytes of memory that one file needs while it is written.
    var memoryOfTransfer: Int { get }
}

extension ObjectDestination {
    /// A part of a transfer.
    package var memoryOfTransfer: Int { 8 << 20 }
}

/// Receives one file in order. Released without ``finish(_:)``, it leaves nothing.
package protocol ObjectReceiver: AnyObject {
    func write(_ bytes: RawSpan) throws
    /// Makes the file visible. Called only if its bytes are the recorded ones.
    /// - Parameter digest: of these bytes.
    func finish(_ digest: Digest) throws
}
