internal import Cryptography

/// Receives the contents of a backup: a tree on the disk, or the checks of a rehearsal.
protocol ContentDestination: Sendable {
    /// Takes a file's content from this machine.
    /// - Returns: false if the store has to deliver it.
    func takeLocal(_ record: FileRecord, _ digest: Digest) throws -> Bool
    /// Makes a file without content.
    func makeEmpty(_ record: FileRecord) throws
    /// Returns the receiver of a file's content. It uses no resources before the first bytes arrive.
    func file(_ record: FileRecord) -> any ContentReceiver
}

/// Receives the content of one file in order.
protocol ContentReceiver: AnyObject {
    func write(_ bytes: RawSpan) throws
    /// Completes the file after its last byte.
    /// - Returns: the reason why the content is not the recorded one; nil if it is.
    func finish(_ digest: Digest) throws -> String?
}

/// Reasons of ``ContentReceiver/finish(_:)``.
enum ContentMismatch {
    static let digest = "its SHA-256 does not match the recorded one"
}

/// Writes contents to a tree beside the target of a restore.
struct TreeDestination: ContentDestination {
    let tree: StagedTree
    let seeds: OpenSeeds

    func takeLocal(_ record: FileRecord, _ digest: Digest) throws -> Bool {
        try tree.adopt(record, digest) || seeds.fill(record, digest, in: tree)
    }

    func makeEmpty(_ record: FileRecord) throws { try tree.finish(try tree.create(record)) }

    func file(_ record: FileRecord) -> any ContentReceiver { Writing(record, to: tree) }

    /// A file is created when its first bytes arrive and finished with its last, so that few are open at once.
    private final class Writing: ContentReceiver {
        private let record: FileRecord
        private let tree: StagedTree
        private var file: StagedFile?
        private var isBegun = false

        init(_ record: FileRecord, to tree: StagedTree) { (self.record, self.tree) = (record, tree) }

        func write(_ bytes: RawSpan) throws {
            if !isBegun { file = try tree.create(record) }
            isBegun = true
            try file?.write(bytes)
        }

        func finish(_ digest: Digest) throws -> String? {
            guard var file = file.take(), try file.complete() == digest else { return ContentMismatch.digest }
            try tree.finish(file)
            return nil
        }
    }
}
