import Documents
import FoundationEssentials
import HTTP
package import Logging
package import ObjectStorage
import Platform
import S3
package import StackConfiguration

/// Opens the store that the configuration names.
package enum StoreFactory {
    /// - Parameters:
    ///   - create: creates a missing directory of a directory store; never creates a bucket.
    ///   - attempts: the number of tries of a request; nil for as many as usual.
    ///   - patience: the time without progress after which a server is given up, where `stall_timeout:` gives none; nil for
    ///     the number of tries alone.
    ///   - use: counts the requests; nil to count none.
    package static func make(
        _ configuration: StoreConfiguration, create: Bool = false, attempts: Int? = nil, patience: Duration? = nil,
        use: StoreUse? = nil, logger: Logger
    ) throws -> any ObjectStore {
        switch configuration.url {
        case .directory(let path):
            return try DirectoryStore(path: path, create: create, use: use)
        case .s3(let bucket, let prefix):
            var settings = try s3(configuration, bucket: bucket, prefix: prefix)
            settings.use = use
            if let attempts { settings.retry.attempts = attempts }
            if let patience {
                settings.stallTimeout = configuration.stallTimeout?.duration ?? patience
                settings.patience = settings.stallTimeout
            }
            return try S3Store(settings, logger: logger)
        }
    }

    /// Returns the id of the permanent access key that the store is used with; nil for temporary credentials, for a
    /// directory, and if there are none. Blocks: may ask a server.
    static func permanentAccessKey(_ configuration: StoreConfiguration) -> String? {
        guard case .s3(let bucket, let prefix) = configuration.url,
            let settings = try? s3(configuration, bucket: bucket, prefix: prefix)
        else { return nil }
        let chain = CredentialChain(.system(), explicit: settings.credentials, profile: settings.profile)
        guard let credentials = try? chain.credentials(), credentials.sessionToken == nil else { return nil }
        return credentials.accessKeyID
    }

    private static func s3(
        _ configuration: StoreConfiguration, bucket: String, prefix: String
    ) throws -> S3Configuration {
        let environment = ProcessInfo.processInfo.environment
        var s3 = S3Configuration(
            bucket: bucket, prefix: prefix, region: configuration.region, endpoint: configuration.endpoint)
        s3.addressing = S3Configuration.Addressing(rawValue: configuration.addressing.rawValue) ?? .auto
        s3.profile = configuration.profile
        if let id = configuration.accessKeyID, let secret = configuration.secretAccessKey {
            s3.credentials = S3Credentials(
                accessKeyID: try id.resolve(environment: environment),
                secretAccessKey: try secret.resolve(environment: environment), source: "dr.yaml")
        }
        switch configuration.serverSideEncryption {
        case .aes256: s3.encryption = .aes256
        case .kms: s3.encryption = .kms(keyID: configuration.kmsKeyID)
        case .kmsDSSE:
            throw UsageError("server_side_encryption: aws:kms:dsse is not supported; use aws:kms or AES256")
        case nil: break
        }
        s3.storageClass = configuration.storageClass
        s3.caFile = configuration.caFile
        if let size = configuration.partSize { s3.partSize = size }
        if let timeout = configuration.stallTimeout { s3.stallTimeout = timeout.duration }
        return s3
    }
}
