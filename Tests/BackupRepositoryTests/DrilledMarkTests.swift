import Cryptography
import Foundation
import Testing

@testable import BackupRepository

/// Marks of drills with and without signatures, in repositories that require them and in others.
@Suite struct DrilledMarkTests {
    private let fixture: Fixture
    private let store = MemoryStore(clock: PruneFixture.beginning)
    private let signer: SigningIdentity
    private let set = Timestamp(seconds: PruneFixture.beginning)

    init() async throws {
        fixture = try Fixture()
        signer = try await fixture.signer("host")
    }

    private func marks(signing: Bool, trusting: Bool) throws -> Marks {
        var repository = try fixture.repository(store)
        if signing { repository.signing.signer = signer }
        if trusting { repository.signing.trust([TrustedSigner(fingerprint: signer.certificate.fingerprint)]) }
        return Marks(repository)
    }

    private func hour(_ number: Int) -> Timestamp { Timestamp(seconds: set.seconds + number * 3600) }

    private func drill(_ time: Timestamp, passed: Bool = true, signed: Bool) throws {
        try marks(signing: signed, trusting: false).put(
            DrilledMark(at: time, tool: "test", set: set, scenario: "loss", passed: passed))
    }

    @Test func `a mark without a signature counts only where sets need none`() throws {
        try drill(hour(1), signed: false)
        let open = try SetMarks(try marks(signing: false, trusting: false))[set]
        #expect(open.drilled == hour(1) && open.untrustedDrill == nil)
        let signed = try SetMarks(try marks(signing: false, trusting: true))
        #expect(signed[set].drilled == nil && signed[set].untrustedDrill == hour(1))
        #expect(signed.unreadable.isEmpty)
    }

    @Test func `a mark from a host with a key is signed`() throws {
        try drill(hour(1), signed: false)
        try drill(hour(2), signed: true)
        let facts = try SetMarks(try marks(signing: false, trusting: true))[set]
        #expect(facts.drilled == hour(2) && facts.untrustedDrill == hour(1))
    }

    @Test func `a failed drill and one in the future are not told of`() throws {
        try drill(hour(1), passed: false, signed: false)
        try drill(hour(9), signed: false)
        let facts = try SetMarks(try marks(signing: false, trusting: true), now: hour(5))[set]
        #expect(facts.drilled == nil && facts.untrustedDrill == nil)
    }
}
