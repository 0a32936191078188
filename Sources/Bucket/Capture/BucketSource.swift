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
    private let layout: BucketLayout
    private let exclusions: [String]
    private let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - url: of the bucket and the prefix, for facts and messages.
    ///   - exclusions: patterns of gitignore(5) for keys.
    ///   - now: milliseconds since 1970.
    package init(
        _ bucket: S3Bucket, url: String, layout: BucketLayout, exclusions: [String] = [], pool: BlockingPool,
        now: @escaping @Sendable () -> Int
    ) {
        self.bucket = bucket
        self.url = url
        self.layout = layout
        self.exclusions = exclusions
        self.pool = pool
        self.now = now
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        let patterns = try patterns()
        return try await pool.run {
            let began = now()
            let listing = try BucketListing(
                bucket, layout, skipping: patterns, state: context.state, progress: context.progress)
            let result = try named { try listing.run() }
            let root = "\(context.state)/empty"
            try Folder.makePrivate(root)
            context.logger.debug("listed the objects", metadata: ["left out": "\(result.incompleteBlocks)"])
            return BucketCapture(
                root: root, url: url, layout: layout, tree: result.tree, listing: result.summary, began: began)
        }
    }

    package func diagnose() async -> [Diagnosis] {
        do {
            let patterns = try patterns()
            let object = try await pool.run { try named { try firstObject(patterns) } }
            let listing = Diagnosis(of: "bucket", .ok, "\(url), profile \(layout.profile.rawValue)")
            guard let object else { return [listing] }
            return [listing, await pool.run { diagnose(reading: object) }]
        } catch { return [Diagnosis(of: "bucket", .failed, "\(error)")] }
    }

    /// Returns the first object that a backup would read, of a thousand: a page tells as much as all of them.
    private func firstObject(_ patterns: IgnorePatterns) throws -> BucketObject? {
        var first: BucketObject?
        var seen = 0
        do {
            try bucket.list { object in
                seen += 1
                if !patterns.ignores(object.key) { first = object }
                if first != nil || seen == 1000 { throw Enough() }
            }
        } catch is Enough {}
        return first
    }

    private struct Enough: Error {}

    /// A policy may allow to list the objects, and not to read them.
    private func diagnose(reading object: BucketObject) -> Diagnosis {
        let (subject, key) = ("objects", object.key.text.printable)
        do {
            let isThere = try bucket.canRead(object)
            return Diagnosis(of: subject, .ok, "'\(key)' \(isThere ? "can be read" : "was deleted meanwhile")")
        } catch var error as ObjectStoreError {
            if error.reason == .denied {
                error.hint =
                    "allow s3:GetObject on the objects, and kms:Decrypt if a key of KMS encrypts them: without that, a "
                    + "backup names each object as damage"
            }
            // Others may still be readable.
            let isWarning = error.isOfOneObject && error.reason != .denied
            return Diagnosis(
                of: subject, isWarning ? .warning : .failed, "\(ComponentError(error, "\(url)/\(key)"))")
        } catch { return Diagnosis(of: subject, .failed, "\(error)") }
    }

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

extension ObjectStoreError {
    /// True if the server refuses one object: others can still be read.
    var isOfOneObject: Bool {
        switch reason {
        case .denied, .archived, .unsupported, .tooLarge, .invalidRange, .other: true
        default: false
        }
    }

    /// The cause and the advice, for people.
    var words: String { detail + (hint.map { "; \($0)" } ?? "") }
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
