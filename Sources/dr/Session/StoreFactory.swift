import Configuration
import Logging
import ObjectStorage

/// Opens the store that the configuration names.
enum StoreFactory {
    /// - Parameter create: make a directory store's directory where it is missing; a bucket is never made.
    static func make(_ configuration: StoreConfiguration, create: Bool = false, logger: Logger) throws -> any ObjectStore {
        switch configuration.url {
        case .directory(let path):
            return try DirectoryStore(path: path, create: create)
        case .s3:
            throw ObjectStoreError(.unsupported, "open", nil, "s3:// is not built in yet", store: "\(configuration.url)")
        }
    }
}
