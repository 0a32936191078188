import Cryptography
import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// The requests of an hourly run, which must not grow with the number of kept sets.
@Suite struct RequestCountTests {
    /// Makes a repository with many sets, all of which are kept.
    private func prepared(sets: Int) async throws -> PruneFixture {
        let fixture = try PruneFixture()
        try fixture.write("file", Fixture.noise(1500, seed: 1))
        let first = try await fixture.backup()
        let repository = try fixture.repository()
        let manifest = try repository.manifest("tree", of: first)
        // What other machines wrote meanwhile, without the time that their runs would take.
        for number in 1..<max(sets, 2) {
            let name = Timestamp(seconds: first.name.seconds + number)
            var copy = manifest
            copy.name = name
            let document = try repository.encode(copy, as: Layout.manifest("tree", name))
            _ = try fixture.store.put(Layout.manifest("tree", name), document, options: PutOptions())
            var set = first
            (set.name, set.number, set.previous) = (name, number + 1, nil)
            set.components["tree"]?.manifest = name
            set.components["tree"]?.sha256 = Digest(of: document)
            _ = try fixture.store.put(
                Layout.set(name), try repository.encode(set, as: Layout.set(name)), options: PutOptions())
        }
        fixture.pass(hours: 1)
        return fixture
    }

    /// Runs a backup without changes, and a prune that keeps all sets, as one command.
    /// - Parameter shelf: the contents of this machine.
    private func run(_ fixture: PruneFixture, shelf: DocumentShelf?, isCached: Bool = true) async throws -> [String] {
        let counting = CountingStore(fixture.store)
        let store = RememberedObjects(counting)
        store.kept = shelf
        try await fixture.backup(store)
        var repository = try fixture.repository(store)
        if isCached {
            let state = try StateFolder(
                fixture.fixture.folder.url.appending(path: "state").path, repository: repository.description)
            repository.cache = state.documents(isRead: true)
        }
        let report = try await fixture.prune(keepLast: 1_000_000) { $0.repository = repository }
        #expect(report.frozen.isEmpty && report.sets.allSatisfy { $0.fate == .kept })
        fixture.pass(hours: 1)
        // A command opens the repository once; the fixture opens it twice, as one that may be new.
        return counting.calls.filter { !$0.hasSuffix("repository.json") } + ["get repository.json"]
    }

    private func shelf(_ fixture: PruneFixture) -> DocumentShelf? {
        DocumentShelf(fixture.fixture.folder.url.appending(path: "shelf.sqlite").path)
    }

    @Test func `a run costs the same with 10, 100 and 1,000 sets`() async throws {
        var counts: [Int] = []
        for sets in [10, 100, 1000] {
            let fixture = try await prepared(sets: sets)
            // The first run fills the shelf, and may cost as much as it likes.
            let first = try await run(fixture, shelf: shelf(fixture))
            #expect(first.count > sets)
            let calls = try await run(fixture, shelf: shelf(fixture))
            counts.append(calls.count)
            #expect(calls.count <= 12 + 4, "\(calls)")
        }
        #expect(Set(counts).count == 1, "\(counts)")
    }

    @Test func `a search for removed sets costs one listing a component`() async throws {
        let fixture = try await prepared(sets: 10)
        let counting = CountingStore(fixture.store)
        let repository = try fixture.repository(counting)
        let before = counting.calls.count
        let missing = try MissingSets(in: repository, state: nil, components: ["tree", "other"], now: fixture.now)
        #expect(missing.isEmpty && missing.suspicions.isEmpty)
        let calls = counting.calls.dropFirst(before)
        #expect(calls.count { $0.hasPrefix("list ") } == 3, "\(calls)")
        #expect(calls.count { $0.hasPrefix("get ") } == 1 && calls.count == 4, "\(calls)")
    }

    @Test func `without the contents of this machine a run costs more and finds the same`() async throws {
        let fixture = try await prepared(sets: 10)
        let calls = try await run(fixture, shelf: nil, isCached: false)
        #expect(calls.count { $0.hasPrefix("get sets/") } >= 10)
        #expect(calls.count { $0.hasPrefix("get tree/backups/") } >= 10)
    }

    @Test func `a manifest that the store has lost is missed although this machine has it`() async throws {
        let fixture = try await prepared(sets: 5)
        _ = try await run(fixture, shelf: shelf(fixture))
        let lost = try #require(fixture.store.keys("tree/backups/").first)
        _ = try fixture.store.delete([lost])
        let store = RememberedObjects(fixture.store)
        store.kept = shelf(fixture)
        var repository = try fixture.repository(store)
        let state = try StateFolder(
            fixture.fixture.folder.url.appending(path: "state").path, repository: repository.description)
        repository.cache = state.documents(isRead: true)
        let report = try await fixture.prune(keepLast: 1_000_000) { $0.repository = repository }
        #expect(report.warnings.contains { $0.contains(lost.text) } || !report.sealed.isEmpty, "\(report)")
    }
}
