internal import Cryptography
internal import HTTP
package import ObjectStorage

/// The observed behaviour of a server, for `doctor`.
package struct S3Capabilities: Equatable, Sendable {
    /// A second write under `If-None-Match: *` is refused.
    package var conditionalPut: Bool
    /// The server returns an object's metadata.
    package var metadata: Bool
    /// The tag in the answer to a write is the tag of the object.
    package var tags: Bool
    package var multipart: Bool
    /// The size of the part that was sent, in bytes.
    package var part: Int
    /// The error with which the server refused the part.
    package var refusal: ObjectStoreError?
    /// DeleteObjects removes many keys in one request.
    package var batchDelete: Bool
    package var region: String
    /// The source of the credentials, without secrets.
    package var credentials: String
}

extension S3Store {
    /// Writes, reads and removes a few objects with random names, and reports the server's behaviour. One of them is a
    /// part of the size that backups send.
    ///
    /// The names are below `marks/probe/`, where every role that writes may also delete, and no write overwrites: a policy
    /// may refuse both elsewhere.
    /// - Throws: ``ObjectStoreError`` if the server refuses an operation that every store needs.
    package func probe() throws -> S3Capabilities {
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let content = [UInt8]("probe".utf8)
        let written = try put(key, content, options: PutOptions(.ifAbsent))
        let conditionalPut: Bool
        let found: Found?
        do {
            found = try attempt("head", of: key) { try look(key) }
            conditionalPut = try attempt("put", of: key) { try refusesSecondWrite(key) }
            guard try read(key, limit: 1024) == content, try head(key)?.size == content.count else {
                throw ObjectStoreError(
                    .other, operation: "get", key: key, "the content read differs from the content written",
                    store: location)
            }
            var isListed = false
            try list(prefix: key.text, after: nil) { _ in
                isListed = true
                return .stop
            }
            guard isListed else {
                throw ObjectStoreError(
                    .other, operation: "list", key: key, "the listing does not contain the object just written",
                    store: location)
            }
        } catch {
            _ = try? delete([key])  // the first error is the one to report
            throw error
        }
        noteConditional(conditionalPut)
        noteMetadata(found?.writeID != nil)
        let second = ObjectKey(trusted: key.text + "-2")  // checked: digits
        if let refused = try delete([key, second]).first { throw refused }
        var part: Int?
        var refusal: ObjectStoreError?
        do { part = try attempt("put", of: key) { try sendsPart(key) } } catch let error as ObjectStoreError {
            refusal = error
        }
        return S3Capabilities(
            conditionalPut: conditionalPut, metadata: found?.writeID != nil,
            tags: written.tag != nil && written.tag == found?.info.tag, multipart: part != nil, part: part ?? 0,
            refusal: refusal,
            batchDelete: knowsBatches, region: client.region,
            credentials: try attempt("probe", of: nil) { try "\(client.credentials())" })
    }

    private func refusesSecondWrite(_ key: ObjectKey) throws -> Bool {
        let request = S3Request("PUT", fullKey(key), headers: [("if-none-match", "*")], payload: .text("probe"))
        do {
            _ = try client.send(request)
            return false
        } catch let failure as S3Failure where failure.code == "PreconditionFailed" {
            return true
        } catch let failure as S3Failure where failure.isUnsupported || failure.status == 400 {
            return false
        }
    }

    /// Larger parts are not tried, because that would take long.
    private static let largestTrial = 64 << 20

    /// Sends one part as a backup does, then aborts the upload: this alone reveals a proxy that limits the size of
    /// bodies.
    /// - Returns: the part's size; nil if the server does not support multipart uploads.
    private func sendsPart(_ key: ObjectKey) throws -> Int? {
        do {
            let upload = try MultipartUpload(to: self, key, options: PutOptions(.none))
            defer { upload.abort() }
            let size = min(configuration.partSize, Self.largestTrial)
            let buffer = try budget.take(size, isFirst: { true })
            let block = [UInt8](repeating: 0, count: 64 << 10)
            while !buffer.isFull { block.withUnsafeBytes { _ = buffer.append($0) } }
            try upload.send(buffer)
            try upload.settle()
            return size
        } catch let failure as S3Failure where failure.isUnsupported {
            return nil
        }
    }
}
