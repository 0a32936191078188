internal import Cryptography
internal import HTTP
package import Logging
package import ObjectStorage
internal import Synchronization

/// Objects in a bucket of Amazon S3 or of a server that speaks like it.
///
/// Requests are retried with backoff where that can help, signed anew for the region, the clock and the credentials
/// that the server wants. A write whose answer was lost is recognised as this store's own by a random word in the
/// object's metadata, on a server that keeps no metadata by its content.
package final class S3Store: ObjectStore {
    let client: S3Client
    let budget: PartBudget
    /// Whether the server honours `If-None-Match: *`; nil until it has shown it.
    private let conditional: Mutex<Bool?>
    /// True if the server keeps metadata; nil until it has shown it.
    private let metadata = Mutex<Bool?>(nil)
    /// False once the server has refused DeleteObjects.
    let deletesBatches = Mutex(true)

    package let location: String

    /// Makes no request.
    /// - Parameter budget: memory for parts, shared by all stores of the process unless another is given.
    /// - Throws: ``ObjectStoreError`` or what reading the AWS tools' shared files throws.
    package init(
        _ configuration: S3Configuration, environment: AWSEnvironment = .system(), logger: Logger,
        budget: PartBudget = .shared
    ) throws {
        location = "s3://\(configuration.bucket)\(configuration.prefix.isEmpty ? "" : "/\(configuration.prefix)")"
        self.budget = budget
        do {
            client = try S3Client(configuration, in: environment, logger: logger)
        } catch let error as S3DocumentError {
            throw ObjectStoreError(.noSuchStore, operation: "open", key: nil, error.description, store: location)
        } catch let error as CredentialError {
            throw ObjectStoreError(
                .credentials, operation: "open", key: nil, "credentials from \(error.source): \(error.detail)",
                store: location,
                hint: error.hint)
        }
        conditional = Mutex(client.endpoint.isAWS ? true : nil)
    }

    var configuration: S3Configuration { client.configuration }
    var keyPrefix: String { configuration.prefix.isEmpty ? "" : configuration.prefix + "/" }
    func fullKey(_ key: ObjectKey) -> String { keyPrefix + key.text }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        try attempt("head", of: key) { try look(key)?.info }
    }

    // MARK: - Writing once

    /// Metadata that tells this call's object from any other.
    static let writeIDHeader = "x-amz-meta-dr-write"

    struct Found {
        var info: ObjectInfo
        var writeID: String?
        var lastModified: String?
    }

    /// HeadObject.
    func look(_ key: ObjectKey) throws -> Found? {
        var asked = 0
        while true {
            do {
                let (response, _) = try client.send(S3Request("HEAD", fullKey(key)))
                let info = ObjectInfo(key, response, size: response.contentLength ?? 0)
                return Found(
                    info: info, writeID: response.headers[Self.writeIDHeader],
                    lastModified: response.headers["last-modified"])
            } catch let failure as S3Failure where failure.isMissing {
                return nil
            } catch let failure as S3Failure where [400, 403].contains(failure.status) && asked < 3 {
                // The answer to a HEAD has no document, so it hides what is wrong: expired, skewed, misplaced, denied.
                // A GET is told, and mends what can be mended.
                asked += 1
                try ask(key)
            }
        }
    }

    /// - Throws: ``S3Failure`` with the reason why the object cannot be read.
    private func ask(_ key: ObjectKey) throws {
        do {
            _ = try client.send(S3Request("GET", fullKey(key), headers: [("range", "bytes=0-0")]))
        } catch let failure as S3Failure where failure.isMissing || failure.code == "InvalidRange" {
        }
    }

    var isConditional: Bool? { conditional.withLock { $0 } }
    func noteConditional(_ works: Bool) { conditional.withLock { $0 = works } }

    /// Looks before writing, unless the server is known to refuse a second write by itself.
    func refuseIfTaken(_ key: ObjectKey, _ options: PutOptions) throws {
        guard options.condition == .ifAbsent, isConditional != true else { return }
        guard try look(key) == nil else { throw taken(key) }
    }

    var keepsMetadata: Bool? { metadata.withLock { $0 } }
    func noteMetadata(_ keeps: Bool) { metadata.withLock { $0 = keeps } }

    /// True if the hash of the content may be needed to recognise the object later.
    func needsHashes(_ options: PutOptions) -> Bool {
        options.condition == .ifAbsent && isConditional != true && keepsMetadata != true
    }

    /// Looks after writing, unless the server is known to refuse a second write by itself.
    /// - Parameters:
    ///   - written: what the server said that it stored.
    ///   - content: reads what was sent, for a server that tells nothing else; nil where it was not hashed.
    func refuseIfReplaced(
        _ written: ObjectInfo, by writeID: String, options: PutOptions, _ content: () throws -> StoredContent?
    ) throws {
        guard options.condition == .ifAbsent, isConditional != true else { return }
        guard let found = try look(written.key) else { return }
        noteMetadata(found.writeID != nil)
        guard found.info.size == written.size else { throw taken(written.key) }
        if let id = found.writeID {
            guard id == writeID else { throw taken(written.key) }
        } else if written.tag == nil || found.info.tag != written.tag {
            guard let content = try content(), try holds(content, under: written.key) else { throw taken(written.key) }
        }
    }

    /// The object under `key` if this very call wrote it, its answer lost on the way.
    /// - Parameter content: what the call has sent; nil where no try of it can have come through.
    func object(_ key: ObjectKey, writtenBy writeID: String, ifHolding content: StoredContent?) throws -> ObjectInfo? {
        guard let found = try look(key) else { return nil }
        if let id = found.writeID { return id == writeID ? found.info : nil }
        guard let content, found.info.size == content.size, try holds(content, under: key) else { return nil }
        return found.info
    }

    func taken(_ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(.alreadyExists, operation: "put", key: key, "the key is taken", store: location)
    }
}

extension ObjectInfo {
    init(_ key: ObjectKey, _ response: HTTPResponse, size: Int) {
        let modified = response.headers["last-modified"].flatMap(HTTPDate.parse) ?? response.date
        self.init(key: key, size: size, tag: response.headers["etag"], modified: modified)
    }
}
