internal import Cryptography
internal import FoundationEssentials
internal import HTTP
package import ObjectStorage
internal import Platform

extension S3Store {
    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        let payload = S3Payload.bytes(content, isHashed: client.signsPayloads || checksums(options))
        return try put(key, payload, options: options)
    }

    /// PutObject.
    func put(_ key: ObjectKey, _ payload: S3Payload, options: PutOptions) throws -> ObjectInfo {
        try attempt("put", of: key) {
            let writeID = RandomID.make(), size = payload.body?.length ?? 0
            try refuseIfTaken(key, options)
            var retries = S3Retries(client)
            // A try that failed after it was sent may have stored the object.
            var wasSent = false
            while true {
                let isGuarded = options.condition == .ifAbsent && isConditional != false
                var request = S3Request(
                    "PUT", fullKey(key), headers: objectHeaders(options, writeID) + checksum(payload, options),
                    payload: payload)
                if isGuarded { request.headers.append(("if-none-match", "*")) }
                do {
                    let info = ObjectInfo(key, try client.once(request) { _, _ in }, size: size)
                    if options.isTrial, isGuarded, isConditional == nil, refusesRepeating(request) { return info }
                    try refuseIfReplaced(info, by: writeID, options: options) { try StoredContent(payload) }
                    return info
                } catch let failure as S3Failure where isGuarded && failure.code == "PreconditionFailed" {
                    noteConditional(true)
                    // The object may be our own: of an earlier try, or of one that libcurl repeated over a new
                    // connection.
                    let sent = wasSent || failure.wasRepeated ? try StoredContent(payload) : nil
                    guard let info = try object(key, writtenBy: writeID, ifHolding: sent) else { throw taken(key) }
                    return info
                } catch let failure as S3Failure where isGuarded && failure.isUnsupported {
                    noteConditional(false)
                } catch let failure as S3Failure {
                    wasSent = wasSent || failure.transport != nil || failure.status >= 500
                    guard try retries.mayGoOn(after: failure) else { throw failure }
                }
            }
        }
    }

    /// Sends a conditional write again, and notes if the server refuses it. One that does not has stored the same content.
    private func refusesRepeating(_ request: S3Request) -> Bool {
        do {
            _ = try client.once(request) { _, _ in }
            noteConditional(false)
        } catch let failure as S3Failure where failure.code == "PreconditionFailed" {
            noteConditional(true)
            return true
        } catch {
            // Such as a policy that refuses to overwrite: the store asks before and after each write.
        }
        return false
    }

    /// The header fields of an object, for PutObject and CreateMultipartUpload.
    func objectHeaders(_ options: PutOptions, _ writeID: String) -> [HTTPHeaders.Field] {
        var headers: [HTTPHeaders.Field] = [(Self.writeIDHeader, writeID)]
        headers += encryptionHeaders
        if let storageClass = configuration.storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if let lock = options.lock { headers += lockHeaders(lock) }
        return headers
    }

    /// The header fields for encryption by the store.
    var encryptionHeaders: [HTTPHeaders.Field] {
        switch configuration.encryption {
        case .aes256: return [("x-amz-server-side-encryption", "AES256")]
        case .kms(let keyID):
            var headers: [HTTPHeaders.Field] = [("x-amz-server-side-encryption", "aws:kms")]
            if let keyID { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", keyID)) }
            return headers
        case nil: return []
        }
    }

    func lockHeaders(_ lock: PutOptions.Lock) -> [HTTPHeaders.Field] {
        [
            ("x-amz-object-lock-mode", lock.mode.rawValue.uppercased()),
            ("x-amz-object-lock-retain-until-date", RFC3339.text(seconds: lock.until)),
        ]
    }

    /// True if each body carries its own checksum, which S3 requires for locked objects.
    func checksums(_ options: PutOptions) -> Bool { configuration.sendsChecksums || options.lock != nil }

    func checksum(_ payload: S3Payload, _ options: PutOptions) -> [HTTPHeaders.Field] {
        guard checksums(options), let hash = payload.hash else { return [] }
        var headers: [HTTPHeaders.Field] = [("x-amz-checksum-sha256", hash.base64)]
        // S3's description asks for the name of the algorithm with a lock, and moto refuses the object without it.
        if options.lock != nil { headers.append(("x-amz-sdk-checksum-algorithm", "SHA256")) }
        return headers
    }
}

extension Digest {
    var base64: String { Data(bytes).base64EncodedString() }
}
