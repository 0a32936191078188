import Cryptography
import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Manifests and indexes on this machine, and documents in the memory of one command.
@Suite struct DocumentCacheTests {
    private func prepared() async throws -> (Fixture, Repository, BackupSet, DocumentCache) {
        let fixture = try Fixture()
        try fixture.writeTree()
        var repository = try fixture.repository()
        let folder = fixture.folder.url.appending(path: "documents").path
        repository.cache = DocumentCache(folder, isRead: false)
        let set = try await fixture.backup(repository).set
        return (fixture, repository, set, DocumentCache(folder, isRead: true))
    }

    /// Reads the bytes and requests of a restore of one small file.
    private func cost(
        _ fixture: Fixture, _ set: BackupSet, cache: DocumentCache?, memory: DocumentMemory? = nil, to name: String
    ) async throws -> StoreMeter.Reading {
        let meter = StoreMeter()
        var repository = try Repository(opening: MeteredStore(try fixture.store(), meter: meter))
        repository.cache = cache
        repository.memory = memory
        try await fixture.restore(repository, set: set, to: name, paths: ["many/3"])
        return meter.reading
    }

    @Test func `a restore with the documents on this machine reads only the description and the content`() async throws
    {
        let (fixture, _, set, cache) = try await prepared()
        let warm = try await cost(fixture, set, cache: cache, to: "warm")
        #expect(warm.requests == 2)
        let cold = try await cost(fixture, set, cache: nil, to: "cold")
        #expect(cold.requests > warm.requests + 2 && cold.bytes > warm.bytes)
        let memory = try await cost(fixture, set, cache: nil, memory: DocumentMemory(), to: "memory")
        #expect(memory.requests == cold.requests - 1, "the index of the pack is read once")
        let restored = try Data(contentsOf: fixture.folder.url.appending(path: "warm/many/3"))
        #expect(try restored == Data(contentsOf: fixture.source.appending(path: "many/3")))
    }

    @Test func `an altered document on this machine is read from the store again`() async throws {
        let (fixture, _, set, cache) = try await prepared()
        let folder = fixture.folder.url.appending(path: "documents")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count > 2)
        for name in names { try Data("altered".utf8).write(to: folder.appending(path: name)) }
        let cold = try await cost(fixture, set, cache: cache, to: "first")
        #expect(cold.requests > 4)
        #expect(try await cost(fixture, set, cache: cache, to: "second").requests == 2, "they are kept again")
    }

    @Test func `a command that only adds documents reads none of them`() async throws {
        let (fixture, repository, set, _) = try await prepared()
        let manifest = try #require(set.components["tree"])
        let key = Layout.manifest("tree", manifest.manifest)
        try FileManager.default.removeItem(at: fixture.file(of: key))
        #expect(throws: RepositoryError.self) { try repository.manifest("tree", of: set) }
    }

    @Test func `a damaged transfer is not remembered`() throws {
        let fixture = try Fixture()
        let store = MemoryStore(clock: 1_796_000_000)
        var repository = try fixture.repository(store)
        repository.memory = DocumentMemory()
        let key = Layout.manifest("tree", Fixture.clock())
        let sound = Array("sound".utf8)
        _ = try store.put(key, Array("broken".utf8), options: PutOptions(.none))
        let digest = Digest(of: sound)
        #expect(throws: RepositoryError.self) {
            try repository.manifest("tree", Fixture.clock(), sha256: digest)
        }
        #expect(repository.memory?[key] == nil)
    }
}
