internal import Dispatch
internal import HTTP
internal import Logging
internal import ObjectStorage

extension S3Bucket {
    /// Whether a write may replace an object.
    package enum WriteCondition: Sendable {
        /// There must be none. A server without conditional writes does not check this.
        case ifAbsent
        case none
    }

    /// Begins an object of any size.
    /// - Parameters:
    ///   - size: the bytes that will be written, for the size of the parts.
    ///   - headers: the fields of ``BucketObject/headers``.
    package func upload(
        _ key: BucketKey, size: Int, headers: [(name: String, value: String)], _ condition: WriteCondition
    ) -> S3BucketUpload {
        S3BucketUpload(to: self, key, size: size, headers: headers, condition)
    }
}

/// An object that is being written: one PutObject if it fits in a part, else a multipart upload, part after part.
///
/// Memory: one part. It becomes visible with ``finish()`` only; without that, it aborts.
package final class S3BucketUpload {
    private let bucket: S3Bucket
    private let key: BucketKey
    private let headers: [HTTPHeaders.Field]
    private let condition: S3Bucket.WriteCondition
    private let size: Int
    private let partSize: Int
    private var part: [UInt8] = []
    /// Bytes of the parts that were sent.
    private var sent = 0
    private var uploadID: String?
    private var tags: [String] = []
    private var isOver = false

    /// S3's limit is 10,000 parts.
    private static let mostParts = 9_000

    init(
        to bucket: S3Bucket, _ key: BucketKey, size: Int, headers: [HTTPHeaders.Field],
        _ condition: S3Bucket.WriteCondition
    ) {
        self.bucket = bucket
        self.key = key
        self.headers = headers.filter { BucketObject.isUserField($0.name) }
        self.condition = condition
        self.size = size
        partSize = max(bucket.store.configuration.partSize, size / Self.mostParts + 1)
    }

    deinit { cancel() }

    package func write(_ bytes: RawSpan) throws {
        // An array that grows by itself would double beyond the part.
        if part.capacity == 0 { part.reserveCapacity(min(partSize, max(0, size))) }
        var rest = bytes
        while rest.byteCount > 0 {
            if part.count == partSize { try sendPart() }
            let piece = rest.extracting(first: min(partSize - part.count, rest.byteCount))
            piece.withUnsafeBytes { part.append(contentsOf: $0) }
            rest = rest.extracting(droppingFirst: piece.byteCount)
        }
    }

    /// - Throws: `ObjectStoreError` `.alreadyExists` if the condition does not hold.
    package func finish() throws {
        try bucket.store.attempt("put", of: nil) {
            if uploadID == nil { try put() } else { try complete() }
        }
        isOver = true
    }

    /// Removes what was sent, if the server can be reached; also when the current task is cancelled.
    package func cancel() {
        guard !isOver else { return }
        isOver = true
        guard let uploadID else { return }
        let isDone = DispatchSemaphore(value: 0)
        _ = TransferThreads.start { [store = bucket.store, key = bucket.fullKey(key)] in
            do { try store.abort(key, uploadID) } catch {
                store.client.logger.debug("multipart upload not aborted", metadata: ["error": "\(error)"])
            }
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .seconds(15))
    }

    private func payload(_ bytes: [UInt8]) -> S3Payload {
        .bytes(bytes, isHashed: bucket.client.signsPayloads || bucket.store.checksums(PutOptions(.none)))
    }

    /// PutObject.
    private func put() throws {
        let content = payload(part)
        try sendOnCondition { fields in
            var request = S3Request("PUT", bucket.fullKey(key), headers: headers + fields, payload: content)
            request.headers += storeFields + bucket.store.checksum(content, PutOptions(.none))
            _ = try bucket.client.send(request)
        }
    }

    /// Sends a request with the condition, and without it to a server that does not know conditions.
    private func sendOnCondition(_ send: ([HTTPHeaders.Field]) throws -> Void) throws {
        guard case .ifAbsent = condition else { return try send([]) }
        do { try send([("if-none-match", "*")]) } catch let failure as S3Failure where failure.isUnsupported {
            try send([])
        }
    }

    /// The fields that the configuration of the bucket asks for, without the mark of a repository's writes.
    private var storeFields: [HTTPHeaders.Field] {
        bucket.store.objectHeaders(PutOptions(.none), "").filter { $0.name != S3Store.writeIDHeader }
    }

    private func sendPart() throws {
        try Task.checkCancellation()
        try bucket.store.attempt("put", of: nil) {
            let id = try uploadID ?? begin()
            uploadID = id
            let content = payload(part)
            let request = S3Request(
                "PUT", bucket.fullKey(key), query: [("partNumber", "\(tags.count + 1)"), ("uploadId", id)],
                headers: bucket.store.checksum(content, PutOptions(.none)), payload: content)
            let (response, _) = try bucket.client.send(request)
            tags.append(response.headers["etag"] ?? "")
        }
        sent += part.count
        part.removeAll(keepingCapacity: true)
    }

    /// CreateMultipartUpload.
    private func begin() throws -> String {
        let request = S3Request(
            "POST", bucket.fullKey(key), query: [("uploads", "")], headers: headers + storeFields)
        let (response, document) = try bucket.client.send(request)
        guard let id = XMLElement.parse(document)?.value("UploadId"), !id.isEmpty else {
            throw S3Failure(response, document)
        }
        return id
    }

    /// CompleteMultipartUpload.
    private func complete() throws {
        if !part.isEmpty { try sendPart() }
        guard let uploadID else { return }
        let list = tags.enumerated().map { number, tag in
            "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(XMLElement.escaped(tag))</ETag></Part>"
        }
        let content = S3Payload.text(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list.joined())"
                + "</CompleteMultipartUpload>")
        var request = S3Request(
            "POST", bucket.fullKey(key), query: [("uploadId", uploadID)],
            headers: [("content-type", "application/xml")], payload: content, isSlow: true)
        if condition == .ifAbsent { request.headers.append(("if-none-match", "*")) }
        try complete(with: &request)
    }

    /// Sends the request until its result is known. It has the condition, unless the server does not know conditions.
    private func complete(with request: inout S3Request) throws {
        var retries = S3Retries(bucket.client)
        var isConditional = condition == .ifAbsent
        /// True if a try may have succeeded without an answer.
        var mayBeThere = false
        while true {
            do {
                return try completeOnce(request)
            } catch let failure as S3Failure where failure.code == "NoSuchUpload" {
                guard mayBeThere || failure.wasRepeated, let now = try bucket.head(key), now.size == sent else {
                    throw failure
                }
                guard condition != .ifAbsent else {
                    // The size does not tell whose object it is; the caller can compare the content.
                    throw ObjectStoreError(
                        .alreadyExists, operation: "put", key: nil, "an object with this key exists",
                        store: bucket.location)
                }
                return
            } catch let failure as S3Failure where failure.isUnsupported && isConditional {
                isConditional = false
                request.headers.removeAll { $0.name == "if-none-match" }
            } catch let failure as S3Failure {
                mayBeThere =
                    mayBeThere || failure.transport != nil || failure.status >= 500 || failure.status < 300
                guard try retries.mayGoOn(after: failure) else { throw failure }
            }
        }
    }

    private func completeOnce(_ request: S3Request) throws {
        let (response, body) = try bucket.client.document(request)
        // S3 sends status 200 before it knows the result.
        guard let root = XMLElement.parse(body), root.name == "CompleteMultipartUploadResult" else {
            var failure = S3Failure(response, body)
            if failure.code.hasPrefix("HTTP") { failure.code = "InternalError" }  // cut off or empty: ask again
            throw failure
        }
    }
}
