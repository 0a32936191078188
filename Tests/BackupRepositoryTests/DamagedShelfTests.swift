import Cryptography
import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing

@testable import BackupRepository

/// Documents that this machine holds in a damaged copy, as after a transfer that changed a byte. They cost time only.
@Suite struct DamagedShelfTests {
    private let fixture: PruneFixture
    private let identity: SigningIdentity
    private let shelf = Shelf()

    init() async throws {
        fixture = try PruneFixture()
        identity = try await fixture.fixture.signer("backup")
    }

    /// Contents in memory, whatever their version.
    private final class Shelf: KeptObjects {
        let contents = Mutex<[ObjectKey: [UInt8]]>([:])
        func content(of object: ObjectInfo) -> [UInt8]? { contents.withLock { $0[object.key] } }
        func keep(_ content: [UInt8], of object: ObjectInfo) { contents.withLock { $0[object.key] = content } }
        func discard(_ key: ObjectKey) { contents.withLock { $0[key] = nil } }
    }

    /// The signed repository, through the shelf.
    private func repository() throws -> Repository {
        let store = RememberedObjects(fixture.store)
        store.kept = shelf
        var repository = try fixture.repository(store)
        repository.signing.signer = identity
        repository.signing.trust([TrustedSigner(fingerprint: identity.certificate.fingerprint)])
        // The shelf answers for listed objects only.
        _ = try repository.setNames()
        _ = try Marks(repository).list(PinnedMark.kind)
        return repository
    }

    private func backUp() async throws -> BackupSet {
        try fixture.write("file", Array("content".utf8))
        let now = fixture.now
        return try await fixture.fixture.backup(try repository(), state: "state", now: { now }).set
    }

    /// Puts a copy on the shelf in which one byte is changed.
    /// - Parameter place: the share of the object that comes before the byte.
    private func damage(_ key: ObjectKey, at place: Double) throws {
        var content: [UInt8] = []
        try fixture.store.get(key, range: nil) { piece in piece.withUnsafeBytes { content.append(contentsOf: $0) } }
        content[Int(Double(content.count) * place)] ^= 1
        shelf.contents.withLock { $0[key] = content }
    }

    @Test func `the hash of a set is that of the stored document`() async throws {
        let set = try await backUp()
        let right = try repository().digest(ofSet: set.name)
        try damage(Layout.set(set.name), at: 0.5)
        #expect(try repository().digest(ofSet: set.name) == right)
    }

    @Test(arguments: [0.2, 0.95])
    func `a signed mark is read again`(place: Double) async throws {
        let set = try await backUp()
        try Marks(try repository()).put(PinnedMark(at: fixture.now, set: set.name, until: nil, reason: nil))
        let key = try #require(fixture.store.keys("marks/pinned/").first)
        try damage(key, at: place)
        #expect(try Marks(try repository()).read(key, as: PinnedMark.self)?.set == set.name)
    }

    @Test(arguments: [0.2, 0.95])
    func `a signed outcome is read again`(place: Double) async throws {
        let set = try await backUp()
        try damage(Marks.key(OutcomeMark.kind, ofRun: set.run), at: place)
        #expect(try OutcomeMark.isCommitted(set.run, after: set.name, in: Marks(try repository())))
    }

    @Test func `a signature beside a document of a newer format is read again`() async throws {
        let set = try await backUp()
        let place = Layout.signature(of: set)
        var document: [UInt8] = []
        try fixture.store.get(Layout.set(set.name), range: nil) { piece in
            piece.withUnsafeBytes { document.append(contentsOf: $0) }
        }
        try damage(place, at: 0.95)
        let repository = try repository()
        try repository.signing.requireSigner(of: set.name, document, in: repository.store)
        document[document.count / 2] ^= 1
        #expect(throws: RepositoryError.self) {
            try repository.signing.requireSigner(of: set.name, document, in: repository.store)
        }
    }
}
