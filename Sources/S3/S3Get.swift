internal import HTTP
package import ObjectStorage

extension S3Store {
    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try attempt("get", of: key) {
            if let range, range.isEmpty { return try checkEmptyRange(key, range) }
            // Of an object of unknown size nobody knows how many pieces it has, and most are small documents.
            guard configuration.parallelReads > 1, let range, range.count > configuration.readSize else {
                var reading = S3Reading(key, range: range, in: self)
                return try reading.run(sink)
            }
            try ParallelReading(self, key).run(range, sink)
        }
    }

    /// Checks an empty range, which HTTP cannot express.
    private func checkEmptyRange(_ key: ObjectKey, _ range: Range<Int>) throws {
        guard let found = try look(key) else { throw failure(.notFound, reading: key, "the object does not exist") }
        guard range.upperBound <= found.info.size else { throw outOfRange(range, of: key, size: found.info.size) }
    }

    func failure(_ reason: ObjectStoreError.Reason, reading key: ObjectKey, _ detail: String) -> ObjectStoreError {
        ObjectStoreError(reason, operation: "get", key: key, detail, store: location)
    }

    func outOfRange(_ range: Range<Int>, of key: ObjectKey, size: Int) -> ObjectStoreError {
        failure(.invalidRange, reading: key, "bytes \(range) of an object of \(size) bytes")
    }
}

/// Reads one object, or a range of it, over one connection at a time, and resumes after a broken connection.
struct S3Reading {
    private let store: S3Store
    private let key: ObjectKey
    private let range: Range<Int>?
    private var position: Int
    /// The error that ended the previous try.
    private var interruption: String?
    /// The end of the read; known after the first answer.
    private var end: Int?
    /// The version of the object in the first answer.
    private(set) var version: Version?

    struct Version: Sendable {
        var tag: String?
        var lastModified: String?
        /// The size of the whole object, in bytes.
        var size: Int?

        /// True unless the object was replaced between the two answers. Some gateways send a wrong tag now and then, so
        /// an equal time is enough.
        func isSame(as other: Version?) -> Bool {
            guard let other, size == other.size else { return false }
            return tag == other.tag || lastModified != nil && lastModified == other.lastModified
        }
    }

    init(_ key: ObjectKey, range: Range<Int>?, in store: S3Store) {
        self.store = store
        self.key = key
        self.range = range
        position = range?.lowerBound ?? 0
    }

    mutating func run(_ sink: (RawSpan) throws -> Void) throws {
        var retries = S3Retries(store.client)
        while true {
            let start = position
            do {
                return try once(sink)
            } catch let failure as S3Failure {
                interruption = failure.message
                if position - start >= Self.progress(failure) { retries.noteProgress() }
                if failure.code == "PreconditionFailed", version?.tag != nil {
                    try confirmVersion()
                    guard try retries.mayGoOn(after: Self.broken("the object's tag changed")) else { throw failure }
                } else if failure.code == "InvalidRange", let range {
                    throw store.failure(.invalidRange, reading: key, "bytes \(range): \(failure.message)")
                } else if !(try retries.mayGoOn(after: failure)) {
                    throw failure
                }
            }
        }
    }

    /// The number of bytes that a try must move to reset the count of tries. Otherwise `dr` would retry for ever
    /// against a server that sends one byte a try, or a few a minute.
    private static func progress(_ failure: S3Failure) -> Int {
        failure.transport?.reason == .stalled ? 64 << 10 : 1 << 10
    }

    private mutating func once(_ sink: (RawSpan) throws -> Void) throws {
        var request = S3Request("GET", store.fullKey(key))
        let isPartial = range != nil || position > 0
        if isPartial { request.headers.append(("range", "bytes=\(position)-\(end.map { "\($0 - 1)" } ?? rangeEnd)")) }
        if let tag = version?.tag { request.headers.append(("if-match", tag)) }
        var isAccepted = false
        let response = try store.client.once(request) { response, piece in
            if !isAccepted {
                try accept(response, isPartial: isPartial)
                isAccepted = true
            }
            if let end, position + piece.byteCount > end {
                throw store.failure(
                    .other, reading: key, "the server sent more than the \(end - position) requested bytes")
            }
            try sink(piece)
            position += piece.byteCount
        }
        if !isAccepted { try accept(response, isPartial: isPartial) }
        guard position == end ?? position else {
            throw Self.broken("the body ended at \(position) of \(end ?? 0) bytes")
        }
    }

    private var rangeEnd: String { range.map { "\($0.upperBound - 1)" } ?? "" }

    private mutating func accept(_ response: HTTPResponse, isPartial: Bool) throws {
        var size = response.contentLength
        if isPartial {
            // The status should be 206; rclone sends 200.
            guard let content = ContentRange(response), content.start == position else {
                let cause = interruption.map { ", needed to resume after: \($0)" } ?? ""
                throw store.failure(
                    .unsupported, reading: key, "the server does not return the requested range\(cause)")
            }
            size = content.size
        }
        if let range, let size, range.upperBound > size { throw store.outOfRange(range, of: key, size: size) }
        if let known = version?.size, let size, known != size {
            throw store.failure(
                .other, reading: key, "the object changed from \(known) to \(size) bytes while it was read")
        }
        end = end ?? range?.upperBound ?? size
        if version == nil {
            version = Version(
                tag: response.headers["etag"], lastModified: response.headers["last-modified"], size: size)
        }
    }

    /// Handles a changed tag: the object was replaced, or the tag in the first answer was wrong.
    private mutating func confirmVersion() throws {
        guard let found = try store.look(key) else {
            throw store.failure(.notFound, reading: key, "the object was removed while it was read")
        }
        guard found.lastModified == version?.lastModified, version?.size == nil || found.info.size == version?.size
        else {
            throw store.failure(.other, reading: key, "the object was replaced while it was read")
        }
        version?.tag = found.info.tag
    }

    /// A failure that counts as a broken connection.
    private static func broken(_ detail: String) -> S3Failure { S3Failure(HTTPError(.reset, operation: "GET", detail)) }
}

/// `Content-Range: bytes 0-99/1234` (RFC 9110, section 14.4).
struct ContentRange {
    var start: Int
    /// nil if the server sends `*`.
    var size: Int?

    init?(_ response: HTTPResponse) {
        guard let text = response.headers["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let start = Int(parts[0].prefix { $0 != "-" }) else { return nil }
        self.start = start
        size = ObjectSize.parse(String(parts[1]))
    }
}
