import Cryptography
import Foundation
import Lab
import ObjectStorage
import Retention
import Testing

@testable import BackupRepository

/// Signers that are trusted for some documents and times only, and revoked signers.
@Suite struct TrustedSignerTests {
    private let fixture: Fixture
    private let store = MemoryStore(clock: PruneFixture.beginning)
    private let old: SigningIdentity
    private let new: SigningIdentity

    init() async throws {
        fixture = try Fixture()
        (old, new) = (try await fixture.signer("old"), try await fixture.signer("new"))
    }

    private var now: Timestamp { Timestamp(seconds: store.clock) }

    private func hour(_ number: Int) -> Timestamp { Timestamp(seconds: PruneFixture.beginning + number * 3600) }

    /// The repository as a host reads and writes it.
    private func repository(_ signer: SigningIdentity?, trusting signers: [TrustedSigner]) throws -> Repository {
        var repository = try fixture.repository(store)
        repository.signing.signer = signer
        repository.signing.trust(signers)
        return repository
    }

    private func trust(
        _ identity: SigningIdentity, _ roles: Set<SignerRole> = Set(SignerRole.allCases), from: Timestamp? = nil,
        until: Timestamp? = nil, revoked: Timestamp? = nil
    ) -> TrustedSigner {
        TrustedSigner(
            fingerprint: identity.certificate.fingerprint, roles: roles, from: from, until: until, revoked: revoked)
    }

    /// A backup one hour after the last, by a host that trusts both signers for everything.
    private func backUp(as signer: SigningIdentity, at time: Timestamp? = nil) async throws -> Timestamp {
        store.clock += 3600
        try fixture.write("file", "\(store.clock)")
        let now = time ?? now
        let repository = try repository(signer, trusting: [trust(old), trust(new)])
        return try await fixture.backup(
            repository, state: "state-\(signer.certificate.subject)-\(time == nil)", now: { now }
        ).set.name
    }

    private func refusal(of set: Timestamp, in repository: Repository) -> String? {
        do {
            _ = try repository.set(set)
            return nil
        } catch { return (error as? RepositoryError)?.detail ?? "\(error)" }
    }

    @Test(arguments: SignerRole.allCases)
    func `a set needs a signer with the role backup`(_ role: SignerRole) async throws {
        let set = try await backUp(as: old)
        let found = refusal(of: set, in: try repository(nil, trusting: [trust(old, [role])]))
        #expect(found == (role == .backup ? nil : "its signer does not have the role backup"))
    }

    @Test(arguments: [SignerRole.backup, .prune, .operator])
    func `a mark needs a signer with its role`(_ role: SignerRole) throws {
        let writer = Marks(try repository(old, trusting: [trust(old)]))
        let set = hour(0)
        try writer.put(PinnedMark(at: now, set: set, until: nil, reason: nil))
        try writer.put(DroppedMark(at: now, tool: "test", set: set, reason: "test"))
        try writer.put(PrunedMark(at: now, tool: "test", sets: [set]))
        try writer.put(UnwantedMark(at: now, tool: "test", packs: [:]))
        try VoidMark.write(String(repeating: "a", count: 32), at: now, in: writer)
        try writer.put(
            VerifiedMark(at: now, tool: "test", level: .data, share: 1, good: [], damaged: [set]))
        try writer.put(WitnessedMark(at: now, tool: "test", sets: []))
        let reader = Marks(try repository(nil, trusting: [trust(old, [role])]))
        func count<M: Mark>(_ type: M.Type) throws -> Int {
            var count = 0
            try reader.forEach(type, unreadable: { #expect($0.reason == .untrusted) }) { _, _ in count += 1 }
            return count
        }
        #expect(try count(PinnedMark.self) == (role == .operator ? 1 : 0))
        #expect(try count(DroppedMark.self) == (role == .operator ? 1 : 0))
        #expect(try count(PrunedMark.self) == (role == .prune ? 1 : 0))
        #expect(try count(UnwantedMark.self) == 1, "it only costs space")
        #expect(try count(VoidMark.self) == (role == .prune ? 1 : 0))
        #expect(try count(WitnessedMark.self) == (role == .prune ? 0 : 1))
        #expect(try count(VerifiedMark.self) == 1)
    }

    @Test(arguments: [SignerRole.backup, .prune, .operator])
    func `a host does not write marks that others ignore`(_ role: SignerRole) throws {
        let marks = Marks(try repository(old, trusting: [trust(old, [role])]))
        func isRefused(_ write: () throws -> Void) -> Bool {
            do {
                try write()
                return false
            } catch { return (error as? RepositoryError)?.reason == .noSigningKey }
        }
        let pin = PinnedMark(at: now, set: hour(0), until: nil, reason: nil)
        #expect(isRefused { try marks.put(pin) } == (role != .operator))
        #expect(isRefused { try marks.put(PrunedMark(at: now, tool: "test", sets: [])) } == (role != .prune))
    }

    @Test func `documents outside of the times of their signer do not count`() async throws {
        let set = try await backUp(as: old)  // at hour 1
        for (from, until, isTrusted) in [
            (nil, nil, true), (hour(1), nil, true), (hour(2), nil, false), (nil, hour(1), true), (nil, hour(0), false),
        ] {
            let reader = try repository(nil, trusting: [trust(old, from: from, until: until)])
            #expect(
                (refusal(of: set, in: reader) == nil) == isTrusted, "\(from?.readable ?? "") \(until?.readable ?? "")")
        }
        // A host whose time is over writes nothing that others would not read.
        let host = try repository(old, trusting: [trust(old, until: hour(0))])
        #expect(host.signing.refusalToSign(as: [.backup], at: now)?.contains("only until") == true)
    }

    @Test func `the sets that a newer signer proves outlive the revocation of theirs`() async throws {
        let first = try await backUp(as: old)
        let second = try await backUp(as: old)
        let third = try await backUp(as: new)
        let late = try await backUp(as: old)
        // Another host has no notes, so its set has the name that the holder of the key wants.
        let dated = try await backUp(as: old, at: Timestamp(seconds: hour(1).seconds + 60))
        let trusted = [trust(old, revoked: hour(2)), trust(new)]
        let reader = try repository(nil, trusting: trusted)
        for set in [first, second, third] { #expect(refusal(of: set, in: reader) == nil) }
        #expect(refusal(of: late, in: reader)?.contains("was revoked at") == true)
        #expect(refusal(of: dated, in: reader)?.contains("no set of a trusted signer proves") == true)
        var accepting = reader
        accepting.signing.acceptsRevoked = true
        #expect(refusal(of: dated, in: accepting) == nil && refusal(of: late, in: accepting) != nil)
        // Readers take the newest set that counts.
        #expect(try reader.newestSet(now: now).set?.name == third)
        let host = try repository(old, trusting: trusted)
        #expect(host.signing.refusalToSign(as: [.backup], at: hour(0)) == "the key of this machine is revoked")
    }

    @Test func `a set of another signer is not damaged, and its removal is not the first advice`() async throws {
        _ = try await backUp(as: old)
        let set = try await backUp(as: new)
        for signers in [[trust(old)], [trust(old), trust(new, revoked: hour(0))], [trust(old), trust(new, [.prune])]] {
            let reader = try repository(old, trusting: signers)
            let error = try #require(throws: RepositoryError.self) { try reader.set(set) }
            #expect(error.isOfOtherSigner, "\(error)")
            let now = now
            let report = try await Prune(
                repository: reader, policy: RetentionPolicy(keepLast: 1), tool: "test", pool: Fixture.pool, now: { now }
            ).run()
            #expect(report.incomplete.isEmpty, "\(report.incomplete)")
            let refusal = try #require(report.frozen.first { $0.reason.contains("\(set)") })
            #expect(refusal.remedy.hasPrefix(RepositoryError.signerAdvice), "\(refusal)")
            let verified = try await Verification(
                repository: reader, pool: Fixture.pool, progress: WorkProgress()
            ).run()
            let finding = try #require(verified.findings.first { $0.object == Layout.set(set).text })
            #expect(finding.isOfOtherSigner)
        }
        store.change(Layout.set(set)) { $0[$0.count / 2] ^= 1 }
        let damaged = try repository(old, trusting: [trust(old)])
        #expect(try #require(throws: RepositoryError.self) { try damaged.set(set) }.isOfOtherSigner == false)
    }

    @Test func `a witnessed set stays usable although prunes broke the chain`() async throws {
        let first = try await backUp(as: old)
        let second = try await backUp(as: old)
        let third = try await backUp(as: new)
        let state = try StateFolder(
            fixture.folder.url.appending(path: "witness").path, repository: try fixture.repository(store).description)
        let host = try repository(new, trusting: [trust(old), trust(new)])
        let trusted = [trust(old, revoked: hour(2)), trust(new)]
        _ = try store.delete([Layout.set(second)])
        #expect(refusal(of: first, in: try repository(nil, trusting: trusted)) != nil)
        #expect(try WitnessedMark.record(in: host, state: state, tool: "test", now: now) == 1)
        #expect(try WitnessedMark.record(in: host, state: state, tool: "test", now: now) == nil)
        #expect(refusal(of: first, in: try repository(nil, trusting: trusted)) == nil)
        #expect(refusal(of: third, in: try repository(nil, trusting: trusted)) == nil)
        // The revoked signer cannot be its own witness.
        let forged = try await backUp(as: old, at: Timestamp(seconds: hour(1).seconds + 60))
        let digest = try host.digest(ofSet: forged)
        try Marks(try repository(old, trusting: [trust(old)])).put(
            WitnessedMark(at: hour(1), tool: "test", sets: [.init(name: forged, sha256: digest)]))
        #expect(refusal(of: forged, in: try repository(nil, trusting: trusted)) != nil)
    }

    @Test func `the store's clock tells the marks of a revoked signer from older ones`() throws {
        let writer = Marks(try repository(old, trusting: [trust(old)]))
        let pin = PinnedMark(at: hour(0), set: hour(0), until: nil, reason: nil)
        let before = try writer.put(pin).key
        store.clock += 2 * 3600
        let after = try writer.put(pin).key
        let reader = Marks(try repository(nil, trusting: [trust(old, revoked: hour(1))]))
        #expect(try reader.read(before, as: PinnedMark.self) == pin)
        #expect(throws: RepositoryError.self) { try reader.read(after, as: PinnedMark.self) }
    }

    @Test(arguments: [("99991231T235959Z", true), ("20260101T000000Z", true), ("99991231T235959Z", false)])
    func `an object that is no set stops nothing where sets are signed`(
        _ name: String, _ isRubbish: Bool
    ) async throws {
        let first = try await backUp(as: old)
        let second = try await backUp(as: old)
        let signed = try repository(old, trusting: [trust(old)])
        let rubbish = try #require(Timestamp(name))
        var set = try signed.set(second)
        set.name = rubbish
        _ = try store.put(
            Layout.set(rubbish), isRubbish ? Array("x".utf8) : SealedDocument.encode(set),
            options: PutOptions(.ifAbsent))
        #expect(try signed.isForeign(rubbish, at: now))
        #expect(try signed.newestSet(now: now).set?.name == second)
        var policy = RetentionPolicy(keepLast: 1)
        policy.limits.largestDrop = 1
        let now = now
        var prune = Prune(repository: signed, policy: policy, tool: "test", pool: Fixture.pool, now: { now })
        prune.grace = 0
        let report = try await prune.run()
        #expect(report.frozen.isEmpty && report.warnings.contains { $0.contains("dr did not write it") })
        #expect(try signed.setNames() == [second, rubbish].sorted() && first != second)
        #expect(refusal(of: second, in: signed) == nil)
    }

    @Test func `a set from before signing was turned on still stops prunes`() async throws {
        let unsigned = try fixture.repository(store)
        store.clock += 3600
        try fixture.write("file", "unsigned")
        let time = now
        let first = try await fixture.backup(unsigned, now: { time }).set.name
        _ = try await backUp(as: old)
        let signed = try repository(old, trusting: [trust(old)])
        #expect(try !signed.isForeign(first, at: now))
        let now = now
        let prune = Prune(
            repository: signed, policy: RetentionPolicy(keepLast: 1), tool: "test", pool: Fixture.pool, now: { now })
        #expect(try await !prune.run().frozen.isEmpty)
    }
}
