import Blocking
import Foundation
import Lab
import ObjectStorage
import Testing

/// A store that has to keep the promises of `ObjectStore`, with what each kind cannot do.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case directory

    var testDescription: String { rawValue }

    /// Whether of many writers of one key exactly one wins.
    var hasAtomicCreation: Bool { true }
}

/// Bytes of one piece of an upload in these tests; also the part size of stores that have parts.
let partSize = 5 << 20

/// Opens a store of its own for each test and runs `body` on a thread that may block.
func withStore<Value: Sendable>(
    _ kind: StoreKind, _ body: @Sendable (any ObjectStore) throws -> Value
) async throws -> Value {
    switch kind {
    case .directory:
        let folder = try TemporaryFolder("store")
        return try await threads.run {
            try withExtendedLifetime(folder) { try body(try DirectoryStore(path: folder.path)) }
        }
    }
}

let threads = BlockingPool(threads: 8)

/// Bytes without a pattern that a shifted or repeated block would go unnoticed in.
func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let words = (0..<(count + 7) / 8).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
    return words.withUnsafeBytes { Array($0.prefix(count)) }
}

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
        _ = try put(ObjectKey(trusted: key), content, PutOptions())
    }

    func upload(
        _ key: ObjectKey, _ content: [UInt8], pieces: Int = 100_000, _ options: PutOptions = PutOptions()
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
