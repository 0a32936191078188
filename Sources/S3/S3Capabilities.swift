internal import Cryptography
internal import HTTP
internal import ObjectStorage

/// What a server was seen to do, for `doctor`.
package struct S3Capabilities: Equatable, Sendable {
    /// A second write under `If-None-Match: *` is refused.
    package var conditionalPut: Bool
    package var multipart: Bool
    /// DeleteObjects removes many keys in one request.
    package var batchDelete: Bool
    package var region: String
    /// Where the credentials came from, without secrets.
    package var credentials: String
}

extension S3Store {
    /// Writes, reads and removes a few small objects of random names, and tells what the server made of it.
    /// - Throws: ``ObjectStoreError`` when one of the operations that every store needs is refused.
    package func probe() throws -> S3Capabilities {
        let key = ObjectKey(trusted: "probe-\(RandomID.make())")
        let content = [UInt8]("probe".utf8)
        _ = try put(key, content, PutOptions(.none))
        let conditionalPut: Bool
        do {
            conditionalPut = try attempt("put", key) { try refusesSecondWrite(key) }
            guard try read(key, limit: 1024) == content, try head(key)?.size == content.count else {
                throw ObjectStoreError(.other, "get", key, "the object that came back is another", store: location)
            }
            var isListed = false
            try list(prefix: key.text, after: nil) { _ in
                isListed = true
                return .stop
            }
            guard isListed else {
                throw ObjectStoreError(.other, "list", key, "an object just written is not listed", store: location)
            }
        } catch {
            _ = try? delete([key])  // the first error is the one to report
            throw error
        }
        noteConditional(conditionalPut)
        if let refused = try delete([key, ObjectKey(trusted: key.text + "-2")]).first { throw refused }
        return S3Capabilities(
            conditionalPut: conditionalPut, multipart: try attempt("put", key) { try makesMultipart(key) },
            batchDelete: knowsBatches, region: client.region,
            credentials: try attempt("probe", nil) { try "\(client.credentials())" })
    }

    private func refusesSecondWrite(_ key: ObjectKey) throws -> Bool {
        let request = S3Request("PUT", fullKey(key), headers: [("if-none-match", "*")], payload: .text("probe"))
        do {
            _ = try client.send(request)
            return false
        } catch let failure as S3Failure where failure.code == "PreconditionFailed" {
            return true
        } catch let failure as S3Failure where failure.isUnsupported || failure.status == 400 {
            return false
        }
    }

    private func makesMultipart(_ key: ObjectKey) throws -> Bool {
        do {
            try MultipartUpload(self, key, PutOptions(.none)).abort()
            return true
        } catch let failure as S3Failure where failure.isUnsupported {
            return false
        }
    }
}
