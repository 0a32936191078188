import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Testing

/// A store that must meet the requirements of `ObjectStore`, with the limits of each kind.
enum StoreKind: Hashable, Sendable, CaseIterable, CustomTestStringConvertible {
    case directory, seaweedFS, moto, rclone
    /// Keeps no metadata, ignores conditions, and has other tags for an object than for its write.
    case forgetful
    /// SeaweedFS behind a proxy that injects this fault into 5 % of the requests.
    case faulty(FaultyProxy.Fault)
    /// SeaweedFS behind a proxy with all faults together, 5 % each.
    case veryFaulty

    /// The faults that a store hides from its caller. The caller itself must notice a changed byte and a listing that
    /// lags.
    static let hiddenFaults = FaultyProxy.Fault.allCases.filter { $0 != .corruptedDownload && $0 != .laggingListing }

    static let allCases: [StoreKind] =
        [.directory, .seaweedFS, .moto, .rclone, .forgetful] + hiddenFaults.map(faulty) + [.veryFaulty]

    var testDescription: String { "\(self)" }

    /// True if exactly one of many writers of one key succeeds.
    var hasAtomicCreation: Bool { self != .rclone && self != .forgetful }

    var faults: [FaultyProxy.Fault] {
        switch self {
        case .faulty(let fault): [fault]
        case .veryFaulty: Self.hiddenFaults
        default: []
        }
    }
}

/// The part size of the multipart uploads in these tests: the smallest that S3 allows.
let partSize = 5 << 20

/// Opens a separate store for each test and runs `body` on a thread that may block.
func withStore<Value: Sendable>(
    _ kind: StoreKind, _ body: @escaping @Sendable (any ObjectStore) throws -> Value
) async throws -> Value {
    let server: any S3Server
    switch kind {
    case .directory:
        let folder = try TemporaryFolder("store")
        return try await threads.run {
            try withExtendedLifetime(folder) { try body(try DirectoryStore(path: folder.path)) }
        }
    case .seaweedFS: server = try await SharedS3Server.seaweedFS()
    case .moto: server = try await SharedS3Server.moto()
    case .rclone: server = try await SharedS3Server.rclone()
    case .forgetful:
        let server = try await SharedS3Server.moto()
        let proxy = try FaultyProxy(to: server.endpoint, rates: [:], isForgetful: true, seed: 1)
        defer { proxy.stop() }
        let store = try S3Store(
            configuration(server, endpoint: proxy.endpoint), environment: .none, logger: Logger(label: "test"))
        return try await threads.run { try body(store) }
    case .faulty, .veryFaulty:
        let server = try await SharedS3Server.seaweedFS()
        let rates = Dictionary(uniqueKeysWithValues: kind.faults.map { ($0, 0.05) })
        let proxy = try FaultyProxy(to: server.endpoint, rates: rates, seed: 20_261_123)
        defer { proxy.stop() }
        var configuration = configuration(server, endpoint: proxy.endpoint)
        // A server that is merely slow must not be given up: it could execute the abandoned write after a later delete.
        if kind.faults.contains(.stall) { configuration.stallTimeout = .seconds(3) }
        configuration.retry.attempts = 20
        let store = try S3Store(configuration, environment: .none, logger: Logger(label: "test"))
        return try await threads.run { try body(store) }
    }
    let store = try S3Store(configuration(server), environment: .none, logger: Logger(label: "test"))
    return try await threads.run { try body(store) }
}

/// Returns the configuration of a separate prefix in the bucket that ``SharedS3Server`` makes.
func configuration(_ server: any S3Server, endpoint: String? = nil) -> S3Configuration {
    var configuration = S3Configuration(
        bucket: SharedS3Server.bucket, prefix: "tests/\(UUID().uuidString)", endpoint: endpoint ?? server.endpoint)
    configuration.credentials = S3Credentials(accessKeyID: server.accessKey, secretAccessKey: server.secretKey)
    configuration.partSize = partSize
    configuration.pageSize = 3
    configuration.stallTimeout = Patience.long
    configuration.retry = RetryPolicy(attempts: 8, base: .milliseconds(5), cap: .milliseconds(100))
    return configuration
}

extension AWSEnvironment {
    /// A machine without any AWS settings.
    static let none = AWSEnvironment(
        variables: ["AWS_EC2_METADATA_DISABLED": "true"], home: "/nonexistent",
        now: { Int(Date().timeIntervalSince1970) })
}

let threads = BlockingPool(threads: 8)

/// Returns random bytes in which a shifted, repeated or lost block is noticed: each 4 KiB are stamped with their
/// offset.
func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(count + block.count)
    while content.count < count {
        let stamp = UInt64(content.count) &+ seed &* 0x9E37_79B9_7F4A_7C15
        withUnsafeBytes(of: stamp) { content.append(contentsOf: $0) }
        content += block
    }
    content.removeLast(content.count - count)
    return content
}

private let block = (0..<4088).map { _ in UInt8.random(in: 0...255) }

extension ObjectStore {
    func keys(prefix: String = "", after: ObjectKey? = nil) throws -> [String] {
        var keys: [String] = []
        try list(prefix: prefix, after: after) { info in
            keys.append(info.key.text)
            return .proceed
        }
        return keys
    }

    func bytes(_ key: ObjectKey, range: Range<Int>? = nil) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try get(key, range: range) { piece in piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    func put(_ key: String, _ content: [UInt8] = [1]) throws {
        _ = try put(ObjectKey(trusted: key), content, options: PutOptions())
    }

    func upload(
        _ key: ObjectKey, _ content: [UInt8], pieces: Int = 100_000, options: PutOptions = PutOptions()
    ) throws -> ObjectInfo {
        let upload = try upload(key, options)
        for start in stride(from: 0, to: content.count, by: pieces) {
            try content[start..<min(start + pieces, content.count)].withUnsafeBytes { try upload.write($0.bytes) }
        }
        return try upload.finish()
    }
}

extension ObjectKey: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(trusted: text) }
}

/// The reason of the storage error that `body` throws.
func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
    do {
        try body()
        Issue.record("no error was thrown")
    } catch let error as ObjectStoreError {
        return error.reason
    } catch {
        Issue.record(error)
    }
    return nil
}
