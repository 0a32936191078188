internal import HTTP
package import ObjectStorage
internal import Synchronization

extension S3Store {
    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        try attempt("delete", of: nil) {
            var refused: [ObjectStoreError] = []
            for start in stride(from: 0, to: keys.count, by: Self.batchSize) {
                refused += try deleteBatch(Array(keys[start..<min(start + Self.batchSize, keys.count)]))
            }
            return refused
        }
    }

    private static let batchSize = 1000

    /// False once the server has refused DeleteObjects.
    var knowsBatches: Bool { deletesBatches.withLock { $0 } }

    private func deleteBatch(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        guard keys.count > 1, knowsBatches, XMLElement.canHold(keyPrefix) else {
            return try keys.compactMap(deleteOne)
        }
        var left = keys
        var refused: [ObjectStoreError] = []
        var retries = S3Retries(client)
        while !left.isEmpty {
            do {
                guard let failures = try deleteObjects(left) else {
                    // The answer names a key that was not requested. Delete each key by itself, to know which are gone.
                    return try refused + left.compactMap(deleteOne)
                }
                var again: [(ObjectKey, S3Failure)] = []
                for (key, failure) in failures where !failure.isMissing {
                    if failure.remedy == .none {
                        refused.append(storeError(failure, in: "delete", of: key))
                    } else {
                        again.append((key, failure))
                    }
                }
                left = again.map(\.0)
                if let (key, failure) = again.first, try !retries.mayGoOn(after: failure) {
                    throw storeError(failure, in: "delete", of: key)
                }
            } catch let failure as S3Failure where Self.meansNoBatches(failure) {
                deletesBatches.withLock { $0 = false }
                return try refused + left.compactMap(deleteOne)
            }
        }
        return refused
    }

    /// True if the server does not support DeleteObjects, or refuses its checksum.
    private static func meansNoBatches(_ failure: S3Failure) -> Bool {
        failure.isUnsupported
            || [
                "InvalidRequest", "MissingContentMD5", "InvalidArgument", "MissingRequestBodyError", "MalformedXML",
                "XMLParseError",
            ].contains(failure.code)
    }

    /// DeleteObjects.
    /// - Returns: the keys that the server did not remove; nil if its answer names a key that was not requested.
    private func deleteObjects(_ keys: [ObjectKey]) throws -> [(ObjectKey, S3Failure)]? {
        let objects = keys.map { "<Object><Key>\(XMLElement.escaped(fullKey($0)))</Key></Object>" }.joined()
        let payload = S3Payload.text(
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(objects)</Delete>")
        var headers: [HTTPHeaders.Field] = [("content-type", "application/xml")]
        if let hash = payload.hash { headers.append(("x-amz-checksum-sha256", hash.base64)) }
        let request = S3Request("POST", nil, query: [("delete", "")], headers: headers, payload: payload, isSlow: true)
        let (response, document) = try client.send(request)
        guard let root = XMLElement.parse(document), root.name == "DeleteResult" else {
            throw S3Failure(response, document)
        }
        let byName = Dictionary(keys.map { (fullKey($0), $0) }) { first, _ in first }
        var failures: [(ObjectKey, S3Failure)] = []
        for element in root.all("Error") {
            guard let key = element.value("Key").flatMap({ byName[$0] }) else { return nil }
            let code = element.value("Code") ?? "unknown"
            failures.append((key, S3Failure(code: code, message: element.value("Message") ?? code)))
        }
        return failures
    }

    /// DeleteObject.
    private func deleteOne(_ key: ObjectKey) throws -> ObjectStoreError? {
        do {
            _ = try client.send(S3Request("DELETE", fullKey(key)))
            return nil
        } catch let failure as S3Failure where failure.isMissing {
            return nil
        } catch let failure as S3Failure where failure.remedy == .none && !failure.isMissingBucket {
            let error = storeError(failure, in: "delete", of: key)
            guard error.reason == .denied || error.reason == .locked else { throw failure }
            return error
        }
    }
}
