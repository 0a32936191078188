internal import HTTP
internal import ObjectStorage

extension S3Store {
    /// Runs `body` and converts its failures to ``ObjectStoreError``.
    func attempt<Value>(_ operation: String, of key: ObjectKey?, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as S3Failure {
            throw storeError(failure, in: operation, of: key)
        } catch let error as SinkFailure {
            throw error.underlying
        } catch let error as CredentialError {
            throw ObjectStoreError(
                .credentials, operation: operation, key: key, "credentials from \(error.source): \(error.detail)",
                store: location,
                hint: error.hint)
        } catch let error as S3DocumentError {
            throw ObjectStoreError(.noSuchStore, operation: operation, key: key, error.description, store: location)
        }
    }

    func storeError(_ failure: S3Failure, in operation: String, of key: ObjectKey?) -> ObjectStoreError {
        let request = failure.requestID.map { ", request \($0)" } ?? ""
        let detail =
            failure.transport == nil
            ? "\(failure.code): \(failure.message) (status \(failure.status)\(request))" : failure.message
        let (reason, hint) = Self.meaning(of: failure, operation)
        return ObjectStoreError(reason, operation: operation, key: key, detail, store: location, hint: hint)
    }

    private static func meaning(
        of failure: S3Failure, _ operation: String
    ) -> (ObjectStoreError.Reason, hint: String?) {
        if let transport = failure.transport { return (.unreachable, hint(for: transport, operation)) }
        if let target = failure.redirection {
            let origin = target.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
            return (
                .unreachable,
                "set the store's 'endpoint' to the address of the S3 API itself"
                    + (target.contains("://") ? ", such as \(origin)" : "; this looks like a web page")
            )
        }
        if failure.isFull { return (.noSpace, "free space, or remove old backup sets with 'dr prune'") }
        if failure.status == 413 {
            return (
                .tooLarge,
                "a proxy before the store limits the size of a body (nginx: client_max_body_size): raise its limit above "
                    + "the store's 'part_size' (8MiB by default), or lower 'part_size' to at least 5MiB"
            )
        }
        if failure.status == 407 { return (.denied, "set a user name and password for the proxy") }
        switch failure.code {
        case "NoSuchBucket":
            return (.noSuchStore, "create the bucket first, or correct its name")
        case "InvalidBucketName":
            return (.noSuchStore, nil)
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
            "InvalidSecurity", "NotSignedUp":
            return (.credentials, "check the access key, its secret and the session token")
        case "RequestTimeTooSkewed":
            return (.credentials, "set this machine's clock")
        case "InvalidObjectState":
            return (.archived, "the object is in an archive class: it must be thawed before it can be read")
        case "AccessDenied", "AllAccessDisabled", "AccountProblem":
            if failure.namesLock { return (.locked, nil) }
            return (.denied, "grant the credentials permission to \(operation) here")
        case "PreconditionFailed", "ConditionalRequestConflict":
            return (.alreadyExists, nil)
        case "InvalidRange":
            return (.invalidRange, nil)
        case "EntityTooLarge", "KeyTooLongError":
            return (.tooLarge, nil)
        case "InvalidRequest" where failure.namesObjectLock:
            return (
                .unsupported, "create a bucket with object lock enabled, or remove 'lock' from the store in dr.yaml"
            )
        case "InvalidRequest" where failure.namesLock, "ObjectLocked":
            return (.locked, nil)
        default: break
        }
        switch failure.remedy {
        case .slowDown: return (.throttled, nil)
        case .retry: return (failure.status == 503 ? .throttled : .unreachable, nil)
        case .changeRegion: return (.noSuchStore, "set the bucket's 'region'")
        case .refreshCredentials, .correctClock: return (.credentials, nil)
        case .none: break
        }
        if failure.isMissing { return (.notFound, nil) }
        if failure.isUnsupported { return (.unsupported, nil) }
        switch failure.status {
        case 401, 403: return (.denied, nil)
        default: return (.other, nil)
        }
    }

    private static func hint(for transport: HTTPError, _ operation: String) -> String {
        switch transport.trustFault {
        case .hostName: return "the certificate is for another host: set 'endpoint' to the name in the certificate"
        case .expired: return "renew the server's certificate; if it is valid, set this machine's clock"
        case .notYetValid: return "set this machine's clock"
        case .plainText: return "the server does not use TLS at this port: check whether it is an http:// endpoint"
        case .file: return "check that the certificate file (ca_file, AWS_CA_BUNDLE, SSL_CERT_FILE) is readable"
        case .untrusted, .other: return "if the server has a private CA, set the store's 'ca_file'"
        case nil: break
        }
        switch transport.reason {
        case .proxy: return "start the proxy, correct the variable, or add the store's host to no_proxy"
        case .stalled: return "the endpoint is slow or hangs; raise the store's 'stall_timeout' to wait longer"
        case .reset where operation == "put":
            return "check whether a proxy limits the size of a body: `dr doctor` sends one part"
        default: return "check that the store runs and that this machine can reach it"
        }
    }
}

extension S3Failure {
    /// True if the message is about object lock of the bucket. MinIO writes: Bucket is missing ObjectLockConfiguration.
    fileprivate var namesObjectLock: Bool {
        let message = message.lowercased()
        return message.contains("object lock") || message.contains("objectlock")
    }

    /// True if the message says that a lock protects the object. AWS names the resource for which a permission is
    /// missing, such as a bucket `blocks` or `lock-1`.
    fileprivate var namesLock: Bool {
        guard !message.contains("not authorized to perform") else { return false }
        let words = message.lowercased().split { !$0.isLetter }
        return words.contains { ["lock", "locked", "worm"].contains($0) }
    }
}
