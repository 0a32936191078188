import BackupRepository
import Foundation
import Lab
import ObjectStorage
import Operations
import StackConfiguration
import Testing

/// Reads of archived packs, which are refused before they start.
@Suite struct ColdRestoreTests {
    /// A store with the packs of the first of two sets in an archive. The second set needs them as well.
    private struct Cold {
        let fixture: StackFixture
        let session: Session
        let repository: Repository
        let first: BackupSet
        let second: BackupSet

        init() async throws {
            fixture = try await StackFixture()
            try fixture.write("old", "1")
            first = try await fixture.backUp()
            try fixture.write("new", "2")
            second = try await fixture.backUp()
            let classes = TieredStore.Classes()
            let standard = try await fixture.session.repository()
            for use in try standard.manifest("tree", of: first).packs {
                classes[Layout.pack("tree", use.pack)] = .deepArchive
            }
            var session = fixture.session
            session.wrapsStore = { TieredStore($0, classes) }
            self.session = session
            repository = try await session.repository()
        }

        func restore(_ paths: String...) throws -> RestoreJob {
            var job = RestoreJob(
                session: session, repository: repository, set: second,
                manifest: try repository.manifest("tree", of: second), settings: nil)
            job.paths = paths
            return job
        }
    }

    private func expect(_ error: RepositoryError?, naming set: BackupSet, _ end: String) {
        #expect(error?.reason == .archived)
        #expect(error?.detail.hasPrefix("1 pack (") == true, "\(String(describing: error))")
        #expect(error?.detail.contains("Standard up to 12h 0m, Bulk up to 2d 0h") == true)
        #expect(error?.hint == "run `dr thaw --set \(set.name) --wait`, \(end)", "\(String(describing: error))")
    }

    @Test func `a part is refused only if it needs an archived pack`() async throws {
        let cold = try await Cold()
        try await cold.session.requireReadable([cold.restore("new")], in: cold.repository)
        let part = try cold.restore("old"), whole = try cold.restore()
        for restore in [part, whole] {
            let refused = await #expect(throws: RepositoryError.self) {
                try await cold.session.requireReadable([restore], in: cold.repository)
            }
            expect(refused, naming: cold.second, "then restore; nothing was restored or changed")
            let rehearsal = await #expect(throws: RepositoryError.self) {
                try await cold.session.requireReadable([restore], in: cold.repository, to: .rehearse)
            }
            expect(rehearsal, naming: cold.second, "then rehearse; no pack was read")
            try await cold.session.requireReadable([restore], in: cold.repository, isDryRun: true)
        }
    }

    @Test func `a verification names the newest set that needs each pack`() async throws {
        let cold = try await Cold()
        let all = await #expect(throws: RepositoryError.self) {
            try await cold.session.requireReadable(toVerify: nil, in: cold.repository)
        }
        expect(all, naming: cold.second, "then verify; no pack was read")
        let one = await #expect(throws: RepositoryError.self) {
            try await cold.session.requireReadable(toVerify: cold.first.name, in: cold.repository)
        }
        expect(one, naming: cold.first, "then verify; no pack was read")
    }

    @Test func `a rekey that needs archived packs writes nothing`() async throws {
        let cold = try await Cold()
        let path = "\(cold.fixture.folder.path)/rekeyed"
        let job = RekeyJob(session: cold.session, location: .directory(path))
        let refused = await #expect(throws: RepositoryError.self) { try await job.run() }
        expect(refused, naming: cold.second, "then rekey; no pack was read")
        #expect(!FileManager.default.fileExists(atPath: path))
        // Without archived packs it is copied.
        let warm = RekeyJob(session: cold.fixture.session, location: .directory(path))
        #expect(try await warm.run().copied.sets > 0)
    }

    @Test func `a verification of a store without archived packs costs one listing`() async throws {
        let fixture = try await StackFixture()
        try fixture.write("old", "1")
        try await fixture.backUp()
        var session = fixture.session
        session.wrapsStore = { TieredStore($0, TieredStore.Classes()) }
        let repository = try await session.repository()
        let store = try #require(repository.store.with(TieredStore.self))
        let before = store.operations
        try await session.requireReadable(toVerify: nil, in: repository)
        #expect(store.operations - before == 1)
    }
}
