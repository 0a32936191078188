internal import HTTP
package import ObjectStorage
internal import Platform
internal import Synchronization

/// Object lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
extension S3Store: RetainingStore {
    /// GetObjectRetention.
    package func retention(of key: ObjectKey) throws -> PutOptions.Lock? {
        try attempt("get the retention of", of: key) {
            do {
                let (_, document) = try client.send(S3Request("GET", fullKey(key), query: [("retention", "")]))
                if let root = XMLElement.parse(document), root.name == "Retention" || root["Mode"] != nil {
                    let fields = LockFields(mode: root.value("Mode"), until: root.value("RetainUntilDate"))
                    if let lock = try readLock(in: fields, of: key) { return lock }
                } else {
                    // moto does not know the question, and sends the object itself.
                    knowsRetention.withLock { $0 = false }
                }
                return try lockInHead(of: key)
            } catch let failure as S3Failure
                where ["InvalidObjectState", S3Failure.answerTooLong].contains(failure.code)
            {
                // The same, for an archived object and for a large one.
                knowsRetention.withLock { $0 = false }
                return try lockInHead(of: key)
            } catch let failure as S3Failure
                where ["NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"].contains(failure.code)
            {
                return nil  // SeaweedFS sends the second code for an object without a lock
            }
        }
    }

    private func lockInHead(of key: ObjectKey) throws -> PutOptions.Lock? {
        try look(key).flatMap { try readLock(in: $0.lock, of: key) }
    }

    /// - Returns: nil without a mode.
    /// - Throws: `ObjectStoreError` `.locked` for a lock that cannot be read: read as none, it would be lost.
    private func readLock(in fields: LockFields, of key: ObjectKey) throws -> PutOptions.Lock? {
        guard let name = fields.mode, !name.isEmpty else { return nil }
        guard let mode = PutOptions.LockMode(rawValue: name.lowercased()),
            let until = fields.until.flatMap({ AWSTime.parse($0) })
        else {
            let words = "mode '\(name.prefix(40))' until '\((fields.until ?? "").prefix(40))'".printable
            throw ObjectStoreError(
                .locked, operation: "get the retention of", key: key, "it has a lock that dr cannot read: \(words)",
                store: location)
        }
        return PutOptions.Lock(mode: mode, until: until)
    }

    /// PutObjectRetention. It never sends the header that bypasses a lock in governance mode.
    package func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws {
        guard knowsRetention.withLock({ $0 }) else {
            throw ObjectStoreError(
                .unsupported, operation: "lock", key: key,
                "the store answers a question for the lock with the object, so it may take the request for a lock as the "
                    + "object's new content", store: location,
                hint: "use a store that implements object lock, or remove 'lock' from the store in dr.yaml")
        }
        try attempt("lock", of: key) {
            let payload = S3Payload.text(
                "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>\(lock.mode.rawValue.uppercased())"
                    + "</Mode><RetainUntilDate>\(RFC3339.text(seconds: lock.until))</RetainUntilDate></Retention>")
            var headers: [HTTPHeaders.Field] = [("content-type", "application/xml")]
            // This operation requires a checksum of its document.
            if let hash = payload.hash { headers.append(("x-amz-checksum-sha256", hash.base64)) }
            _ = try client.send(
                S3Request("PUT", fullKey(key), query: [("retention", "")], headers: headers, payload: payload))
        }
    }

    /// GetObjectLockConfiguration.
    package func retentionSupport() throws -> RetentionSupport {
        try attempt("get the lock configuration of", of: nil) {
            do {
                let (_, document) = try client.send(S3Request("GET", nil, query: [("object-lock", "")]), attempts: 2)
                guard let root = XMLElement.parse(document) else { return RetentionSupport(isEnabled: false) }
                let standard = root.first("DefaultRetention").map { rule in
                    let length = rule.value("Days").map { "\($0) days" } ?? rule.value("Years").map { "\($0) years" }
                    return [rule.value("Mode"), length].compactMap { $0 }.joined(separator: " ")
                }
                return RetentionSupport(
                    isEnabled: root.first("ObjectLockEnabled")?.text == "Enabled", standard: standard)
            } catch let failure as S3Failure
                where failure.code == "ObjectLockConfigurationNotFoundError" || failure.isUnsupported
            {
                return RetentionSupport(isEnabled: false)
            }
        }
    }
}

/// What an answer says about a lock, as the server spells it.
struct LockFields {
    var mode: String?
    var until: String?
}
