import BackupRepository
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Testing

/// Sets whose hashes are right and whose chunks are wrong, as an older program could store them.
@Suite struct LokiVerificationTests {
    /// A tree that is stored as it is.
    private struct Unchecked: ComponentSource, Capture {
        static let kind = "loki"
        let root: String
        let watermark: Int? = nil
        let facts: [String: String] = [:]
        let warnings: [String] = []
        let isFrozen = true

        func capture(_ context: CaptureContext) async throws -> any Capture { self }
        func examine(_ changed: [String]) async throws -> [Damage] { [] }
        func release() async throws {}
    }

    private static let fixture = Journey.checkout.appending(path: "fixtures/loki/v13-tsdb-compacted")

    /// A journey whose newest set holds the tree at `data/`, unchecked.
    private func journey(_ change: (URL) throws -> Void) async throws -> Journey {
        let journey = try await Journey(
            components: "loki: {data: /no/such/place}", extra: "verification: {sample: true}")
        let chunks = journey.data.appending(path: "chunks")
        try FileManager.default.copyItem(at: Self.fixture, to: chunks)
        try change(chunks)
        let repository = try Repository(opening: try DirectoryStore(path: journey.repository.path, create: false))
        let state = try StateFolder(
            journey.folder.url.appending(path: "other").path, repository: repository.description)
        let component = BackupRun.Component(
            name: "loki", kind: Unchecked.kind, source: Unchecked(root: journey.data.path))
        let now = { @Sendable in Timestamp(seconds: Int(Date().timeIntervalSince1970)) }
        _ = try await BackupRun(
            repository: repository, components: [component], stack: nil, tool: "test", state: state,
            pool: BlockingPool(threads: 4), logger: Logger(label: "test"), now: now
        ).run()
        return journey
    }

    private static let chunk = "t1/a084e386e5de09ab/MWEyMDYyNDU3NTI6MWEyMDYyNDYzMGE6M2Y4MGEwN2U="

    @Test func `verify reports a Loki chunk whose name does not match its checksum`() async throws {
        let journey = try await journey { chunks in
            let file = chunks.appending(path: Self.chunk)
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: file)
        }
        let run = try await journey.expect(4, "verify", "--read-data")
        #expect((run.output + run.errors).contains("CRC is "), "\(run.output)\(run.errors)")
        #expect((run.output + run.errors).contains(Self.chunk))
        // The control: all hashes are right.
        try await journey.expect(0, "verify")
    }

    @Test func `verify accepts sound chunks and index files`() async throws {
        let journey = try await journey { _ in }
        try await journey.expect(0, "verify", "--read-data")
    }
}
