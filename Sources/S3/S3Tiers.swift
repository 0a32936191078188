internal import Cryptography
internal import HTTP
package import ObjectStorage
internal import Platform

/// Storage classes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
extension S3Store: TieringStore {
    /// The limit of CopyObject; a larger object needs a copy of its parts.
    package var largestMove: Int { 5 << 30 }

    package func placement(of key: ObjectKey) throws -> ObjectPlacement? {
        try attempt("head", of: key) {
            guard let found = try look(key) else { return nil }
            guard found.info.storageClass?.isArchive == true else { return ObjectPlacement(found.info, .ready) }
            return ObjectPlacement(found.info, RestoreHeader.reading(found.restore))
        }
    }

    /// CopyObject. Without directives, S3 keeps the metadata and the tags of the object.
    package func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool {
        try attempt("move", of: object.key) {
            guard object.size <= largestMove else {
                throw ObjectStoreError(
                    .tooLarge, operation: "move", key: object.key,
                    "it has \(object.size) bytes, and S3 copies at most \(largestMove) in one request", store: location)
            }
            let source = "/\(configuration.bucket)/\(fullKey(object.key))"
            var headers: [HTTPHeaders.Field] = [
                ("x-amz-copy-source", PercentEncoding.encode(source, keeping: "/")),
                ("x-amz-storage-class", target.name), ("x-amz-metadata-directive", "COPY"),
            ]
            if let tag = object.tag { headers.append(("x-amz-copy-source-if-match", tag)) }
            headers += encryptionHeaders
            if let lock {
                headers += lockHeaders(lock)
                // A request with a lock needs a checksum of its body, also of an empty one.
                headers.append(("content-md5", Self.emptyBodyMD5))
            }
            let request = S3Request("PUT", fullKey(object.key), headers: headers, isSlow: true)
            let (response, document) = try copied(request, of: object.key)
            // S3 sends status 200 before it knows the result.
            guard XMLElement.parse(document)?.name == "CopyObjectResult" else { throw S3Failure(response, document) }
            guard let found = try look(object.key), found.info.size == object.size else {
                throw ObjectStoreError(
                    .other, operation: "move", key: object.key, "the copy has another size", store: location)
            }
            guard found.info.storageClass == target else {
                throw ObjectStoreError(
                    .unsupported, operation: "move", key: object.key,
                    "the store reports class \(found.info.storageClass ?? .standard) after a move to \(target)",
                    store: location)
            }
            return response.headers["x-amz-version-id"].map { $0 != "null" } ?? false
        }
    }

    private static let emptyBodyMD5 = "1B2M2Y8AsgTpgAmY7PhCfg=="

    private func copied(_ request: S3Request, of key: ObjectKey) throws -> (HTTPResponse, [UInt8]) {
        do { return try client.send(request) } catch let failure as S3Failure
            where failure.code == "ObjectNotInActiveTierError"
        {
            throw ObjectStoreError(
                .archived, operation: "move", key: key, "it is in an archive class already", store: location)
        } catch let failure as S3Failure where ["InvalidStorageClass", "NotImplemented"].contains(failure.code) {
            throw ObjectStoreError(
                .unsupported, operation: "move", key: key, "\(failure.code): \(failure.message)", store: location)
        }
    }

    /// RestoreObject.
    package func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
        try attempt("thaw", of: key) {
            let payload = S3Payload.text(
                "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>\(days)</Days>"
                    + "<GlacierJobParameters><Tier>\(speed.rawValue)</Tier></GlacierJobParameters></RestoreRequest>")
            var headers: [HTTPHeaders.Field] = [("content-type", "application/xml")]
            if let hash = payload.hash { headers.append(("x-amz-checksum-sha256", hash.base64)) }
            let request = S3Request(
                "POST", fullKey(key), query: [("restore", "")], headers: headers, payload: payload)
            do {
                _ = try client.send(request)
                return true
            } catch let failure as S3Failure where failure.code == "RestoreAlreadyInProgress" {
                return false
            } catch let failure as S3Failure where failure.code == "GlacierExpeditedRetrievalNotAvailable" {
                throw ObjectStoreError(
                    .unsupported, operation: "thaw", key: key, "\(failure.code): \(failure.message)", store: location,
                    hint: "use --tier Standard")
            } catch let failure as S3Failure where failure.code == "InvalidObjectState" {
                throw ObjectStoreError(
                    .other, operation: "thaw", key: key, "\(failure.code): \(failure.message)", store: location,
                    hint: "the class of the object needs no thaw, or does not offer this speed")
            }
        }
    }

    /// The name is below `marks/probe/`, where every role that writes may also delete.
    package func refusal(of target: StorageClass) throws -> String? {
        // A new object is in the class already, and a copy onto itself without a change is refused.
        if configuration.storageClass == target.name { return nil }
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let written = try put(key, [UInt8]("probe".utf8), options: PutOptions(.ifAbsent))
        defer { _ = try? delete([key]) }
        do {
            var object = written
            // The answer to a write may have another tag than the object.
            object.tag = nil
            _ = try move(object, to: target, lock: nil)
        } catch let error as ObjectStoreError where [.unsupported, .other].contains(error.reason) {
            return "it has no class \(target): \(error.detail)"
        }
        guard target.isArchive else { return nil }
        do {
            _ = try read(key, limit: 1024)
            return "it notes class \(target), but does not archive: it delivers the object at once"
        } catch let error as ObjectStoreError where error.reason == .archived {
            return nil
        }
    }
}

/// The value of `x-amz-restore`: `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`.
enum RestoreHeader {
    /// - Parameter text: nil if the answer has no such header, because nobody asked to restore the object.
    static func reading(_ text: String?) -> ObjectPlacement.Reading {
        guard let text else { return .archived }
        if text.contains("ongoing-request=\"true\"") { return .thawing }
        guard text.contains("ongoing-request=\"false\"") else { return .archived }
        guard let start = text.firstRange(of: "expiry-date=\"")?.upperBound else { return .thawed(until: nil) }
        return .thawed(until: HTTPDate.parse(String(text[start...].prefix { $0 != "\"" })))
    }
}
