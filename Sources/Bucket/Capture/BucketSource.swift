package import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Logging
internal import ObjectStorage
package import Platform
package import S3

/// Archives the objects of another program, while it runs.
///
/// Objects that name others are read first, then all are listed, and the changed ones are read in the version that was
/// listed: so every object that a captured index names is in the set.
package struct BucketSource: ComponentSource {
    package static let kind = "bucket"

    private let bucket: S3Bucket
    private let url: String
    private let profile: BucketProfile
    private let exclusions: [String]
    private let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - url: of the bucket and the prefix, for facts and messages.
    ///   - exclusions: patterns of gitignore(5) for keys.
    ///   - now: milliseconds since 1970.
    package init(
        _ bucket: S3Bucket, url: String, profile: BucketProfile, exclusions: [String] = [], pool: BlockingPool,
        now: @escaping @Sendable () -> Int
    ) {
        self.bucket = bucket
        self.url = url
        self.profile = profile
        self.exclusions = exclusions
        self.pool = pool
        self.now = now
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        let patterns = try patterns()
        return try await pool.run {
            let began = now()
            let listing = try BucketListing(
                bucket, profile, skipping: patterns, state: context.state, progress: context.progress)
            let result = try named { try listing.run() }
            let root = "\(context.state)/empty"
            try Folder.makePrivate(root)
            context.logger.debug("listed the objects", metadata: ["left out": "\(result.incompleteBlocks)"])
            return BucketCapture(
                root: root, url: url, profile: profile, tree: result.tree, listing: result.summary, began: began)
        }
    }

    package func diagnose() async -> [Diagnosis] {
        do {
            _ = try patterns()
            try await pool.run {
                // One page tells as much as all of them.
                do { _ = try named { try bucket.list { _ in throw Enough() } } } catch is Enough {}
            }
            return [Diagnosis(of: "bucket", .ok, "\(url), profile \(profile.rawValue)")]
        } catch { return [Diagnosis(of: "bucket", .failed, "\(error)")] }
    }

    private struct Enough: Error {}

    /// Errors of this bucket are not those of the repository's store.
    private func named<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as ObjectStoreError { throw ComponentError(error, url) }
    }

    private func patterns() throws -> IgnorePatterns {
        do throws(IgnorePatternError) { return try IgnorePatterns(exclusions) } catch {
            throw ComponentError(
                .misconfigured, operation: "read 'exclude'",
                "the pattern '\(error.pattern)' matches nothing: \(error.reason)", hint: error.hint)
        }
    }
}

extension ComponentError {
    /// - Parameter object: the URL of the bucket, or of the object.
    init(_ error: ObjectStoreError, _ object: String) {
        let reason: Reason =
            switch error.reason {
            case .unreachable, .throttled, .truncated: .unreachable
            case .denied, .credentials, .locked, .archived: .refused
            case .noSuchStore, .unsupported: .misconfigured
            case .noSpace: .noSpace
            case .notFound, .alreadyExists, .invalidRange, .tooLarge, .other: .other
            }
        self.init(reason, operation: "\(error.operation) \(object)", error.detail, hint: error.hint)
    }
}
