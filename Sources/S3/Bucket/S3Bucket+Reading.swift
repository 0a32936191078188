internal import HTTP
internal import ObjectStorage

extension S3Bucket {
    /// The end of a reading.
    package enum Reading: Sendable {
        /// All bytes of the requested version. The object has its header fields.
        case whole(BucketObject)
        /// There is no such object now.
        case missing
        /// The object is now another one. Bytes that came before are not a part of it.
        case replaced
    }

    /// Reads one version of an object: that with the tag and size of `object`.
    ///
    /// A broken transfer is resumed from the same version. A server that ignores `If-Match` is found out by its answer.
    /// - Parameter sink: receives at most ``BucketObject/size`` bytes, in order.
    package func read(_ object: BucketObject, _ sink: (RawSpan) throws -> Void) throws -> Reading {
        try store.attempt("get", of: nil) {
            var run = BucketReading(object, in: self)
            return try run.run(sink)
        }
    }

    /// Reads the first byte of an object, and drops it: shows that the objects may be read.
    ///
    /// One request, tried again as others. HeadObject would not show that the content may be decrypted.
    /// - Returns: false if there is no such object now.
    package func canRead(_ object: BucketObject) throws -> Bool {
        try store.attempt("get", of: nil) {
            var request = S3Request("GET", fullKey(object.key))
            if object.size > 0 { request.headers.append(("range", "bytes=0-0")) }
            var retries = S3Retries(client)
            while true {
                var received = 0
                do {
                    _ = try client.once(request) { _, piece in
                        received += piece.byteCount
                        // The server ignores the range.
                        if received > 1 { throw Enough() }
                    }
                    return true
                } catch let failure as SinkFailure where failure.underlying is Enough {
                    return true
                } catch let failure as S3Failure {
                    if failure.isMissing || failure.code == "InvalidRange" { return false }
                    guard try retries.mayGoOn(after: failure) else { throw failure }
                }
            }
        }
    }

    private struct Enough: Error {}
}

/// One reading, over one connection at a time.
private struct BucketReading {
    private let bucket: S3Bucket
    private let object: BucketObject
    private var position = 0
    private var found: BucketObject?

    init(_ object: BucketObject, in bucket: S3Bucket) {
        self.object = object
        self.bucket = bucket
    }

    /// A new version ended the transfer.
    private struct Replaced: Error {}

    mutating func run(_ sink: (RawSpan) throws -> Void) throws -> S3Bucket.Reading {
        var retries = S3Retries(bucket.client)
        while true {
            let start = position
            do {
                try once(sink)
                return .whole(found ?? object)
            } catch let failure as SinkFailure where failure.underlying is Replaced {
                return .replaced
            } catch is Replaced {
                return .replaced
            } catch let failure as S3Failure {
                // All bytes came before the transfer failed: there is no range to ask for.
                if let found, position == object.size { return .whole(found) }
                if failure.isMissing { return .missing }
                if failure.code == "PreconditionFailed" || failure.code == "InvalidRange" { return .replaced }
                if position - start >= 1 << 10 { retries.noteProgress() }
                guard try retries.mayGoOn(after: failure) else { throw failure }
            }
        }
    }

    private mutating func once(_ sink: (RawSpan) throws -> Void) throws {
        var request = S3Request("GET", bucket.fullKey(object.key))
        let isPartial = position > 0
        if isPartial { request.headers.append(("range", "bytes=\(position)-\(object.size - 1)")) }
        if let tag = object.tag { request.headers.append(("if-match", "\"\(tag)\"")) }
        var isAccepted = false
        let response = try bucket.client.once(request) { response, piece in
            if !isAccepted { try accept(response, isPartial: isPartial) }
            isAccepted = true
            guard position + piece.byteCount <= object.size else { throw Replaced() }
            try sink(piece)
            position += piece.byteCount
        }
        if !isAccepted { try accept(response, isPartial: isPartial) }
        guard position == object.size else {
            throw S3Failure(
                HTTPError(.reset, operation: "GET", "the body ended at \(position) of \(object.size) bytes"))
        }
    }

    private mutating func accept(_ response: HTTPResponse, isPartial: Bool) throws {
        var size = response.contentLength
        if isPartial {
            guard let content = ContentRange(response), content.start == position else {
                throw ObjectStoreError(
                    .unsupported, operation: "get", key: nil,
                    "the server does not return the range that a resumed read needs", store: bucket.location)
            }
            size = content.size
        }
        let now = BucketObject(object.key, response, size: size ?? object.size)
        guard now.size == object.size, object.tag == nil || now.tag == nil || now.tag == object.tag else {
            throw Replaced()
        }
        if object.tag == nil, let modified = object.modified, let time = now.modified, time != modified {
            throw Replaced()
        }
        if found == nil { found = now }
    }
}
