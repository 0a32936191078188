internal import HTTP
package import ObjectStorage
internal import Platform

/// Object lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
extension S3Store: RetainingStore {
    /// GetObjectRetention.
    package func retention(of key: ObjectKey) throws -> PutOptions.Lock? {
        try attempt("get the retention of", of: key) {
            do {
                let (_, document) = try client.send(S3Request("GET", fullKey(key), query: [("retention", "")]))
                guard let root = XMLElement.parse(document), let until = root.value("RetainUntilDate"),
                    let mode = root.value("Mode").flatMap({ PutOptions.LockMode(rawValue: $0.lowercased()) }),
                    let seconds = AWSTime.parse(until)
                else { return nil }
                return PutOptions.Lock(mode: mode, until: seconds)
            } catch let failure as S3Failure
                where ["NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"].contains(failure.code)
            {
                return nil  // SeaweedFS sends the second code for an object without a lock
            }
        }
    }

    /// PutObjectRetention. It never sends the header that bypasses a lock in governance mode.
    package func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws {
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
