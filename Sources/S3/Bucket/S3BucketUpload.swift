internal import HTTP
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
    private let partSize: Int
    private var part: [UInt8] = []
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
        partSize = max(bucket.store.configuration.partSize, size / Self.mostParts + 1)
    }

    deinit { cancel() }

    package func write(_ bytes: RawSpan) throws {
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

    /// Removes what was sent, if the server can be reached.
    package func cancel() {
        guard !isOver else { return }
        isOver = true
        guard let uploadID else { return }
        try? bucket.store.abort(bucket.fullKey(key), uploadID)
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
        try sendOnCondition { fields in
            let request = S3Request(
                "POST", bucket.fullKey(key), query: [("uploadId", uploadID)],
                headers: [("content-type", "application/xml")] + fields, payload: content, isSlow: true)
            let (response, body) = try bucket.client.document(request)
            // S3 sends status 200 before it knows the result.
            guard let root = XMLElement.parse(body), root.name == "CompleteMultipartUploadResult" else {
                throw S3Failure(response, body)
            }
        }
    }
}
