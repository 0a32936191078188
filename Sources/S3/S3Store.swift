internal import Cryptography
internal import HTTP
package import Logging
package import ObjectStorage
internal import Synchronization

/// Objects in a bucket of Amazon S3 or of a compatible server.
///
/// The store retries requests with backoff if that can help, and signs each try for the region, clock and credentials
/// that the server accepts. If the answer to a write is lost, a random word in the object's metadata shows that this
/// store wrote it; on a server without metadata, the content shows it.
package final class S3Store: ObjectStore, BufferingStore {
    let client: S3Client
    let budget: PartBudget
    /// True if the server honours `If-None-Match: *`; nil until its answers show it.
    private let conditional: Mutex<Bool?>
    /// True if the server keeps metadata; nil until its answers show it.
    private let metadata = Mutex<Bool?>(nil)
    /// False once the server has refused DeleteObjects.
    let deletesBatches = Mutex(true)
    /// False once the server has answered the question for a lock as one for the object.
    let knowsRetention = Mutex(true)

    package let location: String

    /// Makes no request.
    /// - Parameter budget: the memory for parts; by default all stores of the process share one.
    /// - Throws: ``ObjectStoreError``, or the error from reading the shared files of the AWS tools.
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

    package var transferMemory: Int { configuration.partSize }
    var configuration: S3Configuration { client.configuration }
    var keyPrefix: String { configuration.prefix.isEmpty ? "" : configuration.prefix + "/" }
    func fullKey(_ key: ObjectKey) -> String { keyPrefix + key.text }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        try attempt("head", of: key) { try look(key)?.info }
    }

    // MARK: - Writing once

    /// The metadata field that distinguishes the object of this call from any other.
    static let writeIDHeader = "x-amz-meta-dr-write"

    struct Found {
        var info: ObjectInfo
        var writeID: String?
        var lastModified: String?
        /// The state of a thaw; nil if there was none.
        var restore: String?
        /// Empty also if the credentials may not read locks.
        var lock: LockFields
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
                    lastModified: response.headers["last-modified"], restore: response.headers["x-amz-restore"],
                    lock: LockFields(
                        mode: response.headers["x-amz-object-lock-mode"],
                        until: response.headers["x-amz-object-lock-retain-until-date"]))
            } catch let failure as S3Failure where failure.isMissing {
                return nil
            } catch let failure as S3Failure where [400, 403].contains(failure.status) && asked < 3 {
                // The answer to a HEAD has no body, so it hides the cause: expired, skewed, misplaced, denied. A GET
                // returns the cause, and the client corrects it if possible.
                asked += 1
                try ask(key)
            }
        }
    }

    /// - Throws: ``S3Failure`` with the reason why the server does not return the object.
    private func ask(_ key: ObjectKey) throws {
        do {
            _ = try client.send(S3Request("GET", fullKey(key), headers: [("range", "bytes=0-0")]))
        } catch let failure as S3Failure
            where failure.isMissing || ["InvalidRange", "InvalidObjectState"].contains(failure.code)
        {
        }
    }

    var isConditional: Bool? { conditional.withLock { $0 } }
    func noteConditional(_ works: Bool) { conditional.withLock { $0 = works } }

    package func storeTime() throws -> Int? { client.time }

    /// Checks for the object before a write, unless the server is known to refuse a second write.
    func refuseIfTaken(_ key: ObjectKey, _ options: PutOptions) throws {
        guard options.condition == .ifAbsent, isConditional != true, !options.isTrial else { return }
        guard try look(key) == nil else { throw taken(key) }
    }

    var keepsMetadata: Bool? { metadata.withLock { $0 } }
    func noteMetadata(_ keeps: Bool) { metadata.withLock { $0 = keeps } }

    /// True if the content's hash may be needed to recognise the object later.
    func needsHashes(_ options: PutOptions) -> Bool {
        options.condition == .ifAbsent && isConditional != true && keepsMetadata != true
    }

    /// Checks the object after a write, unless the server is known to refuse a second write.
    /// - Parameters:
    ///   - written: the server's answer to the write.
    ///   - content: reads the content that was sent, for a server that keeps no metadata; nil if it was not hashed.
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

    /// Returns the object under `key` if this call wrote it and the answer was lost.
    /// - Parameter content: the content that the call sent; nil if none of its tries can have succeeded.
    func object(_ key: ObjectKey, writtenBy writeID: String, ifHolding content: StoredContent?) throws -> ObjectInfo? {
        guard let found = try look(key) else { return nil }
        if let id = found.writeID { return id == writeID ? found.info : nil }
        guard let content, found.info.size == content.size, try holds(content, under: key) else { return nil }
        return found.info
    }

    func taken(_ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(.alreadyExists, operation: "put", key: key, "an object with this key exists", store: location)
    }
}

extension ObjectInfo {
    init(_ key: ObjectKey, _ response: HTTPResponse, size: Int) {
        let modified = response.headers["last-modified"].flatMap(HTTPDate.parse) ?? response.date
        self.init(
            key: key, size: size, tag: response.headers["etag"], modified: modified,
            storageClass: response.headers["x-amz-storage-class"].flatMap { StorageClass(answer: $0) })
    }
}
