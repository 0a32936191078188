internal import Cryptography
internal import HTTP
internal import ObjectStorage

/// One request to a bucket, before it has an address and a signature.
struct S3Request: Sendable {
    var method: String
    /// The full key, prefix included; nil for the bucket itself.
    var key: String?
    var query: [HTTPHeaders.Field] = []
    var headers: [HTTPHeaders.Field] = []
    var payload = S3Payload.empty
    /// True if the operation can take minutes at the server, which sends nothing meanwhile, or white space now and
    /// then.
    var isSlow = false
    /// True if the answer is a small document and not an object.
    var isDocument = false

    init(
        _ method: String, _ key: String?, query: [HTTPHeaders.Field] = [], headers: [HTTPHeaders.Field] = [],
        payload: S3Payload = .empty, isSlow: Bool = false
    ) {
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.payload = payload
        self.isSlow = isSlow
    }
}

extension S3Request {
    /// The operation in metrics.
    var operation: StoreUse.Operation {
        let subresources = Set(query.map(\.name))
        if !subresources.isDisjoint(with: ["retention", "object-lock"]) { return .lock }
        if subresources.contains("restore") { return .other }
        switch method {
        case "HEAD": return .head
        case "DELETE": return .delete
        case "GET": return key == nil ? .list : .get
        case "PUT": return subresources.contains("partNumber") ? .upload : .put
        case "POST": return subresources.contains("delete") ? .delete : .upload
        default: return .other
        }
    }
}

extension S3Failure {
    /// True if the server answered as it should, and the object was not as the caller wished.
    var isAnswer: Bool {
        [304, 404, 409, 412, 416].contains(status) && code != "NoSuchBucket" || code == "InvalidObjectState"
    }
}

/// A request's body and, if needed, its hash, which is computed once for all tries.
struct S3Payload: Sendable {
    var body: HTTPBody?
    /// nil if the signature does not cover the body.
    var hash: Digest?

    static let empty = S3Payload(body: nil, hash: Digest(of: []))

    static func bytes(_ content: [UInt8], isHashed: Bool = true) -> S3Payload {
        S3Payload(body: .bytes(content), hash: isHashed ? Digest(of: content) : nil)
    }

    static func text(_ content: String) -> S3Payload { bytes([UInt8](content.utf8)) }
}
