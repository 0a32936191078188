internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Sends objects to another store as they are. An object appears there only after its SHA-256 was verified. Calls block.
///
/// Memory: one piece of the transfer, a mebibyte.
struct ObjectTransfer: Sendable {
    let source: any ObjectStore
    let target: any ObjectStore
    /// The options of the objects in the other store.
    var writing: PutOptions
    var limit: RateLimit?
    var progress: WorkProgress

    /// Streams an object of any size.
    /// - Throws: `RepositoryError` `.damaged` if the source does not have these bytes; errors of the other store.
    func send(_ key: ObjectKey, size: Int, sha256: Digest) throws {
        for attempt in 1... {
            do { return try stream(key, size: size, sha256: sha256) } catch let error as RepositoryError
                where error.reason == .damaged && attempt < Retries.ofDamagedReads
            {
                source.discard(key)
            }
        }
    }

    private func stream(_ key: ObjectKey, size: Int, sha256: Digest) throws {
        let upload = try target.upload(key, writing)
        let hash = StreamHash()
        var count = 0
        // An error of the other store comes through `get` unchanged, and must not count as one of the source.
        var refusal: (any Error)?
        do {
            do {
                try source.get(key, range: nil) { piece in
                    try Task.checkCancellation()
                    count += piece.byteCount
                    guard count <= size else { throw RepositoryError.damaged(key.text, "it is longer than recorded") }
                    hash.update(piece)
                    do {
                        try limit?.wait(for: piece.byteCount)
                        try upload.write(piece)
                    } catch {
                        refusal = error
                        throw error
                    }
                    progress.update {
                        $0.bytes += piece.byteCount
                        $0.transferred += piece.byteCount
                    }
                }
            } catch let error as ObjectStoreError
                where refusal == nil && (error.reason == .notFound || error.reason == .truncated)
            {
                throw RepositoryError.damaged(key.text, error.detail)
            }
            guard count == size, hash.digest() == sha256 else {
                throw RepositoryError.damaged(key.text, "its SHA-256 does not match the recorded one")
            }
            let info = try upload.finish()
            guard info.size == size else {
                throw ObjectStoreError(
                    .truncated, operation: "copy", key: key, "the store holds \(info.size) bytes of \(size) sent",
                    store: target.location)
            }
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {
            // Another copy of the same run was faster.
            upload.cancel()
            guard try target.head(key)?.size == size else { throw error }
        } catch {
            upload.cancel()
            throw error
        }
    }

    /// Sends a document, which the caller has verified.
    /// - Throws: `RepositoryError` `.alreadyExists` if the other store has another document of that name.
    func send(_ document: [UInt8], as key: ObjectKey) throws {
        try limit?.wait(for: document.count)
        do {
            _ = try target.put(key, document, options: writing)
            progress.update { $0.transferred += document.count }
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {
            guard try target.readDocument(key, limit: DocumentLimits.longestManifest) == document else {
                throw RepositoryError(
                    .alreadyExists, object: key.text, "\(target.location) has another object of that name",
                    hint: "`dr verify --copy NAME` shows what is damaged there")
            }
        }
    }
}
