import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Synchronization
import Testing

@testable import Bucket

/// Objects below a prefix of their own on a real server, and a repository in a folder.
struct BucketSite: Sendable {
    enum Server: CaseIterable, Sendable { case seaweedFS, moto }

    let folder: TemporaryFolder
    let prefix = UUID().uuidString.lowercased()
    let endpoint: String
    private let credentials: S3Credentials
    private let server: any S3Server
    let bucketName: String
    /// Counts the requests to the source.
    let use = StoreUse()

    static let pool = BlockingPool(threads: 12)

    init(_ server: Server, bucket: String = SharedS3Server.bucket) async throws {
        let started: any S3Server =
            switch server {
            case .seaweedFS: try await SharedS3Server.seaweedFS()
            case .moto: try await SharedS3Server.moto()
            }
        folder = try TemporaryFolder("bucket")
        self.server = started
        endpoint = started.endpoint
        bucketName = bucket
        credentials = S3Credentials(accessKeyID: started.accessKey, secretAccessKey: started.secretKey)
        if bucket != SharedS3Server.bucket { try await started.makeBucket(bucket) }
    }

    /// - Parameter part: of the prefix: another one is another place.
    func configuration(_ part: String = "source") -> S3Configuration {
        var configuration = S3Configuration(bucket: bucketName, prefix: "\(prefix)/\(part)", endpoint: endpoint)
        configuration.region = "us-east-1"
        configuration.credentials = credentials
        configuration.pageSize = 100
        return configuration
    }

    func bucket(_ part: String = "source", counted: Bool = false, partSize: Int? = nil) throws -> S3Bucket {
        var configuration = configuration(part)
        if counted { configuration.use = use }
        if let partSize { configuration.partSize = partSize }
        return try S3Bucket(configuration, environment: Self.environment, logger: Logger(label: "test"))
    }

    private static let environment = AWSEnvironment(variables: [:], home: "/nonexistent") {
        Int(Date().timeIntervalSince1970)
    }

    func write(
        _ key: String, _ content: [UInt8], headers: [(name: String, value: String)] = [], in part: String = "source",
        partSize: Int? = nil
    ) async throws {
        let bucket = try bucket(part, partSize: partSize)
        try await Self.pool.run {
            let upload = bucket.upload(BucketKey(key), size: content.count, headers: headers, .none)
            try upload.write(content.span.bytes)
            try upload.finish()
        }
    }

    /// - Parameter key: one that a repository may have too.
    func delete(_ key: String) async throws {
        let store = try S3Store(configuration(), environment: Self.environment, logger: Logger(label: "test"))
        let refused = try await Self.pool.run { try store.delete([ObjectKey(trusted: key)]) }
        #expect(refused.isEmpty)
    }

    /// The key for comparisons: Swift takes different keys for the same text if they look alike.
    static func label(_ key: [UInt8]) -> String {
        key.map { $0 < 0x80 ? String(decoding: [$0], as: UTF8.self) : "<\($0)>" }.joined()
    }

    /// The content of all objects, by the labels of their keys.
    func objects(_ part: String = "source") async throws -> [String: [UInt8]] {
        let bucket = try bucket(part)
        return try await Self.pool.run {
            var found: [String: [UInt8]] = [:]
            var listed: [BucketObject] = []
            try bucket.list { listed.append($0) }
            for object in listed {
                var content: [UInt8] = []
                guard case .whole = try bucket.read(object, { $0.withUnsafeBytes { content += $0 } }) else { continue }
                found[Self.label(object.key.bytes)] = content
            }
            return found
        }
    }

    // MARK: Backups

    func source(
        _ profile: BucketProfile = .plain, index: String? = nil, exclusions: [String] = []
    ) throws -> BucketSource {
        BucketSource(
            try bucket(counted: true), url: "s3://\(bucketName)/\(prefix)/source",
            layout: BucketLayout(profile, index: index), exclusions: exclusions, pool: Self.pool,
            now: { Int(Date().timeIntervalSince1970 * 1000) })
    }

    func repository() throws -> Repository {
        let store = try DirectoryStore(path: "\(folder.path)/repository", create: true)
        return try Repository.create(
            in: store, tool: "test", now: Self.now(), pack: PackSettings(targetBytes: 4 << 20, maximumMembers: 64)
        ).0
    }

    static func now() -> Timestamp { Timestamp(seconds: Int(Date().timeIntervalSince1970)) }

    struct Backup {
        var report: BackupRun.Report
        var manifest: Manifest
        /// Objects that were read from the source.
        var reads: Int
    }

    /// - Parameter meanwhile: runs after the listing, before an object is read.
    func backUp(
        _ repository: Repository, _ source: BucketSource, meanwhile: (@Sendable () async throws -> Void)? = nil
    ) async throws -> Backup {
        let before = use.reading.successes[.get] ?? 0
        let state = try StateFolder("\(folder.path)/state", repository: repository.description)
        var component = BackupRun.Component(
            name: "chunks", kind: "bucket", source: Interrupted(source: source, meanwhile: meanwhile))
        component.shrinkThreshold = 1
        let report = try await BackupRun(
            repository: repository, components: [component], stack: "test", tool: "test", state: state,
            pool: Self.pool, logger: Logger(label: "test"), now: Self.now
        ).run()
        let manifest = try await Self.pool.run { try repository.manifest("chunks", of: report.set) }
        return Backup(
            report: report, manifest: manifest, reads: (use.reading.successes[.get] ?? 0) - before)
    }

    private struct Interrupted: ComponentSource {
        static let kind = "bucket"
        let source: BucketSource
        let meanwhile: (@Sendable () async throws -> Void)?

        func capture(_ context: CaptureContext) async throws -> any Capture {
            let capture = try await source.capture(context)
            try await meanwhile?()
            return capture
        }
    }

    /// The paths of the files of a backup, in order.
    func paths(_ backup: Backup, _ repository: Repository) async throws -> [String] {
        let listing = try await TreeListing(of: backup.manifest, in: repository, pool: Self.pool)
        return try await Self.pool.run {
            var paths: [String] = []
            try listing.forEach { if $0.record.kind == .file { paths.append($0.record.name) } }
            return paths
        }
    }

    /// Restores into another prefix.
    func restore(
        _ backup: Backup, _ repository: Repository, to part: String, replaces: Bool = false, isDryRun: Bool = false
    ) async throws -> [ImportedObject] {
        let found = Found()
        let profile = BucketProfile(rawValue: backup.manifest.facts["profile"] ?? "") ?? .plain
        let destination = BucketDestination(
            try bucket(part, partSize: 5 << 20), layout: BucketLayout(profile), isDryRun: isDryRun,
            replaces: replaces, prefix: "", report: { found.add($0) })
        try await Self.pool.run { try destination.list() }
        try await ObjectRestore(
            repository: repository, manifest: backup.manifest, destination: destination, pool: Self.pool,
            progress: WorkProgress()
        ).run(to: "s3://\(bucketName)/\(prefix)/\(part)")
        return found.objects
    }
}

private final class Found: Sendable {
    private let state = Mutex([ImportedObject]())
    var objects: [ImportedObject] { state.withLock { $0 } }
    func add(_ object: ImportedObject) { state.withLock { $0.append(object) } }
}

extension BucketSite {
    /// Turns on versions of objects.
    func enableVersions() async throws {
        let body =
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>"
            + "</VersioningConfiguration>"
        let status = try await server.signedCurl([
            "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-H",
            "content-type: application/xml", "-d", body, "\(endpoint)/\(bucketName)?versioning=",
        ])
        #expect(status == "200")
    }
}
