package import BackupRepository
package import Components
internal import FoundationEssentials
internal import ObjectStorage
internal import S3

/// Restores objects into the configured bucket, or into another one.
package struct BucketImporter: StreamingImporter {
    package static let kind = "bucket"
    package static let destination = ImportDestination.server

    private let settings: BucketComponent?
    private let context: ComponentContext

    /// - Parameter settings: nil if the configuration does not have the component; then only ``elsewhere(_:)`` works,
    ///   with the credentials of the environment.
    package init(settings: BucketComponent?, context: ComponentContext) {
        self.settings = settings
        self.context = context
    }

    package var location: String? { settings.flatMap { $0.url.isEmpty ? nil : $0.url } }

    package func elsewhere(_ url: String) throws -> (any StreamingImporter)? {
        guard url.hasPrefix(BucketURL.scheme) else { return nil }
        guard let normal = BucketURL.normal(url) else {
            throw ComponentError(.misconfigured, operation: "restore to '\(url)'", "it is not s3://bucket/prefix")
        }
        var other = settings ?? BucketComponent()
        other.url = normal
        return BucketImporter(settings: other, context: context)
    }

    package func destination(
        _ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void
    ) throws -> any ObjectDestination {
        guard let settings, !settings.url.isEmpty else {
            throw ComponentError(
                .misconfigured, operation: "restore the objects", "dr.yaml does not have this component",
                hint: "name a bucket with --to s3://bucket/prefix, or a directory")
        }
        let facts = request.manifest.facts
        // A backup without the prefix is older than the key: its index is below the usual one.
        let layout = BucketProfile(rawValue: facts["profile"] ?? "").map { profile in
            BucketLayout(profile, index: facts["index_prefix"])
        }
        let destination = BucketDestination(
            try settings.bucket(context), layout: layout ?? settings.layout, isDryRun: request.isDryRun,
            replaces: request.replaces, prefix: request.prefix ?? "", report: report)
        do { try destination.list() } catch let error as ObjectStoreError { throw ComponentError(error, settings.url) }
        return destination
    }

    package func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws {
        throw ComponentError(
            .other, operation: "restore the objects", "objects are restored one by one, not from a directory")
    }
}
