internal import Cryptography
package import Platform

/// Restores a component file by file to a place that is not a directory, such as a bucket.
///
/// Each file becomes visible once its SHA-256 was verified. Memory: that of the packs that are read at once, and of the
/// parts that the destination sends.
package struct ObjectRestore: Sendable {
    package var repository: Repository
    package var manifest: Manifest
    package var destination: any ObjectDestination
    package var pool: BlockingPool
    package var progress: WorkProgress
    /// The number of packs read at the same time. A destination waits for answers most of the time.
    package var lanes = 8

    package init(
        repository: Repository, manifest: Manifest, destination: any ObjectDestination, pool: BlockingPool,
        progress: WorkProgress
    ) {
        self.repository = repository
        self.manifest = manifest
        self.destination = destination
        self.pool = pool
        self.progress = progress
    }

    /// - Parameter location: of the destination, for messages.
    /// - Throws: ``RestoreFailure`` if contents are damaged; all others are restored then.
    package func run(to location: String) async throws {
        progress.update { $0.phase = "planning" }
        let catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
        try await pool.run {
            try EntrySelection(manifest: manifest, paths: [], slice: nil, restorer: nil).proveContents(of: catalog)
            try catalog.indexContents()
            let totals = try catalog.totals()
            progress.update {
                $0.phase = "restoring"
                $0.totalFiles = totals.files
                $0.totalBytes = totals.bytes
            }
        }
        var damage: [Damage] = []
        for pass in 0..<destination.passes {
            let ledger = RestoreLedger()
            try await ContentReading(
                repository: repository, manifest: manifest, catalog: catalog,
                destination: PassDestination(pass: pass, destination: destination, progress: progress), ledger: ledger,
                // The files of the other passes would count as well.
                progress: WorkProgress(), transfers: progress
            ).run(lanes: lanes, on: pool, destination: destination.memoryOfTransfer)
            damage += ledger.damage
            // What comes last names the rest: without it the rest is not used.
            if !damage.isEmpty { break }
        }
        destination.finish()
        guard damage.isEmpty else {
            var failure = RestoreFailure(damage: damage.sorted { $0.path < $1.path }, staging: "", target: location)
            failure.isTargetUnchanged = false
            throw failure
        }
    }
}

/// The files of one pass.
private struct PassDestination: ContentDestination {
    let pass: Int
    let destination: any ObjectDestination
    let progress: WorkProgress

    func takeLocal(_ record: FileRecord, _ digest: Digest) throws -> Bool {
        guard destination.pass(of: record.path) == pass else { return true }
        if try destination.needs(record, digest) { return false }
        note(record)
        return true
    }

    func makeEmpty(_ record: FileRecord) throws {
        guard destination.pass(of: record.path) == pass else { return }
        let nothing = Digest(of: [])
        if try destination.needs(record, nothing) { try destination.receiver(of: record).finish(nothing) }
        note(record)
    }

    func file(_ record: FileRecord) -> any ContentReceiver {
        Verified(destination.receiver(of: record)) { note(record) }
    }

    private func note(_ record: FileRecord) {
        progress.update {
            $0.files += 1
            $0.bytes += record.size
        }
    }

    /// Lets a file become visible once its content is the recorded one.
    private final class Verified: ContentReceiver {
        private var receiver: (any ObjectReceiver)?
        private let hash = StreamHash()
        private let done: () -> Void

        init(_ receiver: (any ObjectReceiver)?, done: @escaping () -> Void) {
            self.receiver = receiver
            self.done = done
        }

        func write(_ bytes: RawSpan) throws {
            hash.update(bytes)
            try receiver?.write(bytes)
        }

        func finish(_ digest: Digest) throws -> String? {
            guard let receiver, hash.digest() == digest else { return ContentMismatch.digest }
            self.receiver = nil
            try receiver.finish(digest)
            done()
            return nil
        }
    }
}
