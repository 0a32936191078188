import BackupRepository
import Cryptography
import Documents
import Foundation
import Lab
import ObjectStorage
import Platform
import Testing

@testable import Operations

@Suite struct PartCollectionTests {
    private static let now = 1_800_000_000
    private let folder: TemporaryFolder
    private let repository: Repository
    private let proof = PartProof()

    init() throws {
        folder = try TemporaryFolder("parts")
        let store = try DirectoryStore(path: folder.path)
        repository = try Repository.create(in: store, tool: "test", now: Timestamp(seconds: Self.now)).0
    }

    private var collection: PartCollection {
        PartCollection(run: "ab", component: "web", proof: proof, life: .hours(12), repository: repository)
    }

    private func mark(run: String = "ab", component: String = "web", failure: String = "no space") -> PartMark {
        PartMark(
            at: Timestamp(seconds: Self.now), run: run, component: component, failure: failure, isStoreFull: false)
    }

    /// - Parameter age: in seconds, by the store's clock.
    private func put(_ mark: PartMark, age: Int = 0) throws {
        let key = try Marks(repository).put(mark).key
        let time = Date(timeIntervalSince1970: Double(Self.now - age))
        try FileManager.default.setAttributes(
            [.modificationDate: time], ofItemAtPath: "\(folder.path)/\(key.text)")
    }

    private var left: Int { get throws { try Marks(repository).list(PartMark.kind).count } }

    @Test func `the results of this run are taken and removed`() throws {
        try put(try proof.signed(mark()))
        try put(try proof.signed(mark(failure: "no node")))
        #expect(try collection.take(at: Self.now).marks.compactMap(\.failure).sorted() == ["no node", "no space"])
        #expect(try left == 0)
    }

    @Test func `a result that no mover of this run wrote is not used`() throws {
        try put(mark())
        try put(try PartProof().signed(mark()))
        var changed = try proof.signed(mark())
        changed.failure = "another"
        try put(changed)
        #expect(try collection.take(at: Self.now).marks == [])
        #expect(try left == 3)
    }

    @Test func `a result with figures and times keeps its proof in the store`() throws {
        var whole = mark()
        whole.failure = nil
        whole.result = try JSONDecoding.decode(
            ComponentJob.Result.self,
            """
            {"manifest": "20261123T010000Z", "sha256": "\(String(repeating: "ab", count: 32))",
            "added": {"files": 1, "bytes": 3, "stored": 4, "packs": 1},
            "warnings": ["ä/\\"x"], "notes": [], "seconds": 0.30000000000000004}
            """)
        let signed = try proof.signed(whole)
        try put(signed)
        #expect(try collection.take(at: Self.now).marks == [signed])
    }

    @Test func `results of dead runs are removed once no Job can be alive`() throws {
        try put(try PartProof().signed(mark(run: "cd")), age: 13 * 3600)
        try put(try PartProof().signed(mark(run: "ef")), age: 11 * 3600)
        try put(try PartProof().signed(mark(run: "cd", component: "other")), age: 13 * 3600)
        #expect(try collection.take(at: Self.now).marks == [])
        var runs: [String] = []
        try Marks(repository).forEach(PartMark.self, unreadable: { _ in }) { runs.append("\($1.component) \($1.run)") }
        #expect(runs.sorted() == ["other cd", "web ef"])
    }

    @Test(arguments: [nil, "", "00", String(repeating: "g", count: 64)]) func `a text that is not a key is refused`(
        text: String?
    ) {
        #expect(PartProof(key: text) == nil)
        #expect(PartProof(key: proof.key)?.key == proof.key)
    }
}
