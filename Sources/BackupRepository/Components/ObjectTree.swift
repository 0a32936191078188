/// The files of a captured tree that are not on this machine, such as the objects of a bucket.
///
/// Only files that changed since the previous backup are read. A file is the same if its size, time and
/// ``FileRecord/inode`` are.
package protocol ObjectTree: Sendable {
    /// Visits all files and the directories above them, in the order of the bytes of their paths, each path once. May
    /// be called again.
    func walk(_ visit: (FileRecord) throws -> Void) throws

    /// Reads the version of a file that a record describes. Blocks.
    /// - Parameter sink: receives at most ``FileRecord/size`` bytes, in order.
    /// - Throws: if no file can be read, such as without a connection; errors of `sink` unchanged.
    func read(_ record: FileRecord, _ sink: (RawSpan) throws -> Void) throws -> ObjectReading

    /// Looks at a file again that changed or vanished while it was read. Blocks.
    /// - Returns: nil if it is gone.
    func look(at path: [UInt8]) throws -> FileRecord?

    /// Notes that a file of ``walk(_:)`` is not in the backup: it vanished, kept changing, cannot be read, or is damaged.
    /// - Parameter reason: for people.
    func noteMissing(_ path: [UInt8], because reason: String)

    /// Paths that are of no use because a file below them is missing. Asked after the last file was read;
    /// the backup leaves them out.
    func incomplete() -> [Damage]

    /// The number of files to read at once: each waits for an answer most of its time.
    var lanes: Int { get }
}

/// The end of a reading of one file.
package enum ObjectReading: Sendable {
    /// All bytes of the version, and the record with what only a reading shows.
    case whole(FileRecord)
    /// It is another version now, or the bytes are not those of one version.
    case changed
    case vanished
    case unreadable(String)
}
