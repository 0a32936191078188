internal import HTTP
package import Logging
internal import ObjectStorage
internal import Platform

/// A bucket with the objects of another program, below a prefix: listed, read in a fixed version, and written.
///
/// An ``S3Store`` accepts the keys of a repository only, and finds out who wrote an object. A bucket of another program
/// has any keys, and its objects change meanwhile.
///
/// Every call blocks. Errors are `ObjectStoreError`, which do not name the object; errors of a closure pass unchanged.
package final class S3Bucket: Sendable {
    let store: S3Store

    /// Makes no request.
    /// - Throws: as ``S3Store/init(_:environment:logger:budget:)``.
    package init(_ configuration: S3Configuration, environment: AWSEnvironment = .system(), logger: Logger) throws {
        store = try S3Store(configuration, environment: environment, logger: logger)
    }

    /// `s3://bucket/prefix`.
    package var location: String { store.location }
    var client: S3Client { store.client }
    func fullKey(_ key: BucketKey) -> String { store.keyPrefix + key.text }

    // MARK: Looking

    /// HeadObject.
    /// - Returns: nil if there is no such object.
    package func head(_ key: BucketKey) throws -> BucketObject? {
        try store.attempt("head", of: nil) {
            do {
                let (response, _) = try client.send(S3Request("HEAD", fullKey(key)))
                return BucketObject(key, response, size: response.contentLength ?? 0)
            } catch let failure as S3Failure where failure.isMissing {
                return nil
            }
        }
    }

    // MARK: Listing

    /// Calls `body` for each object whose key starts with `prefix`, in the order of the server. An object may come
    /// twice. Memory: one page.
    /// - Parameter prefix: relative to the prefix of the bucket; any text.
    /// - Returns: the keys that are not UTF-8, which no request can name; at most a hundred of them. Relative as others,
    ///   and with percent signs as in the listing.
    @discardableResult
    package func list(prefix: String = "", _ body: (BucketObject) throws -> Void) throws -> [String] {
        var unreadable: [String] = []
        try store.attempt("list", of: nil) {
            var markers = PageMarkers()
            var begun: Set<BucketKey> = []
            var token: String?
            repeat {
                try Task.checkCancellation()
                let page = try page(prefix, token)
                for object in page.objects {
                    do { try body(object) } catch { throw SinkFailure(underlying: error) }
                }
                unreadable += page.unreadable.prefix(100 - unreadable.count)
                let isNew = page.objects.first.map { begun.insert($0.key).inserted } ?? false
                token = page.isLast ? nil : try markers.next(page.next, isNew: isNew)
            } while token != nil
        }
        return unreadable
    }

    private struct Page {
        var objects: [BucketObject] = []
        var unreadable: [String] = []
        var isLast = true
        /// The server's marker for the next page.
        var next: String?
    }

    /// ListObjectsV2.
    private func page(_ prefix: String, _ token: String?) throws -> Page {
        let wanted = Array((store.keyPrefix + prefix).utf8)
        var query: [HTTPHeaders.Field] = [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", store.keyPrefix + prefix),
            ("max-keys", "\(store.configuration.pageSize)"),
        ]
        if let token { query.append(("continuation-token", token)) }
        let (response, document) = try client.send(S3Request("GET", nil, query: query))
        guard let root = XMLElement.parse(document), root.name == "ListBucketResult" else {
            throw S3Failure(response, document)
        }
        let isEncoded = root.value("EncodingType") == "url"
        var page = Page()
        for element in root.all("Contents") {
            guard let written = element.value("Key") else { continue }
            let text = isEncoded ? PercentEncoding.decode(form: written) : written
            let key = Array(text.utf8)
            // A server may ignore the prefix.
            guard key.starts(with: wanted) else { continue }
            let relative = BucketKey(Array(key[store.keyPrefix.utf8.count...]))
            // The decoder puts U+FFFD for bytes that are not UTF-8; a key may also have that character itself.
            if text.unicodeScalars.contains("\u{FFFD}"), !written.uppercased().contains("%EF%BF%BD"), isEncoded {
                page.unreadable.append(Self.dropping(store.keyPrefix.utf8.count, from: written))
                continue
            }
            guard let size = element.value("Size").flatMap(ObjectSize.parse) else {
                throw S3Failure(code: "InvalidListing", message: "'\(text)' has no valid size")
            }
            page.objects.append(
                BucketObject(
                    relative, size: size, tag: Self.tag(element.value("ETag")),
                    modified: element.value("LastModified").flatMap(AWSTime.parse)))
        }
        page.isLast = root.value("IsTruncated") != "true"
        page.next = root.value("NextContinuationToken")
        return page
    }

    /// - Parameters:
    ///   - count: bytes of the key to leave out.
    ///   - encoded: a key in which each escape stands for one byte.
    private static func dropping(_ count: Int, from encoded: String) -> String {
        var rest = Array(encoded.utf8)[...]
        for _ in 0..<count { rest = rest.dropFirst(rest.first == UInt8(ascii: "%") ? 3 : 1) }
        return String(decoding: rest, as: UTF8.self).replacing("%2F", with: "/")
    }

    /// A tag without its quotes and without the mark of a weak one; nil if no header field can have it.
    static func tag(_ text: String?) -> String? {
        guard var text = text.map({ $0[...] }) else { return nil }
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.hasPrefix("\"") { text = text.dropFirst() }
        if text.hasSuffix("\"") { text = text.dropLast() }
        let isSendable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        return text.isEmpty || !isSendable ? nil : String(text)
    }
}

extension BucketObject {
    /// The header fields of an object that its writer sets, besides those that begin with ``userPrefix``.
    private static let fields = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires",
    ]
    private static let userPrefix = "x-amz-meta-"

    init(_ key: BucketKey, _ response: HTTPResponse, size: Int) {
        self.init(
            key, size: size, tag: S3Bucket.tag(response.headers["etag"]),
            modified: response.headers["last-modified"].flatMap(HTTPDate.parse))
        headers = response.headers.fields.compactMap { field -> (name: String, value: String)? in
            let name = field.name.lowercased()
            guard Self.isUserField(name) else { return nil }
            return (name, field.value)
        }.sorted { $0.name < $1.name }
    }

    /// True if a header field belongs to the object and can be sent with it.
    /// - Parameter name: in lower case.
    package static func isUserField(_ name: String) -> Bool {
        fields.contains(name) || name.hasPrefix(userPrefix) && name.utf8.count > userPrefix.utf8.count
    }
}
