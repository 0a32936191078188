import Cryptography
import Foundation
import Testing

@testable import BackupRepository

/// Which keys open a set, after the recipients of the configuration changed.
@Suite struct SetEncryptionTests {
    @Test func `each set says which keys open it`() async throws {
        let fixture = try Fixture()
        let (first, second) = (try Fixture.recipient("first"), try Fixture.recipient("second"))
        let store = MemoryStore(clock: PruneFixture.beginning)
        let signer = try await fixture.signer("signer")
        let documentKey = DocumentKey.generate()
        func repository(_ recipients: [RecoveryCertificate]) throws -> Repository {
            var repository = try fixture.repository(store)
            repository.encryption.recipients = recipients
            repository.encryption.documentKeys = [documentKey]
            repository.signing = SetSigning(signer: signer, trusted: [signer.certificate])
            return repository
        }
        func backUp(_ recipients: [RecoveryCertificate], _ file: String) async throws -> BackupRun.Report {
            store.clock += 3600
            let time = Timestamp(seconds: store.clock)
            try fixture.write(file, file)
            return try await fixture.backup(try repository(recipients), now: { time })
        }
        let clear = try await backUp([], "a").set
        let encrypted = try await backUp([first.certificate], "b").set
        let both = try await backUp([first.certificate, second.certificate], "c").set
        let off = try await backUp([], "d")
        #expect(off.warnings.contains { $0.contains("dr.yaml has no recipients") })
        let sets = [clear, encrypted, both, off.set]

        let (one, two) = (first.certificate.fingerprint.hex, second.certificate.fingerprint.hex)
        var found = try repository([first.certificate]).encryption(of: sets)
        #expect(found[clear.name] == SetEncryption(state: .clear, clearPacks: 1))
        #expect(found[encrypted.name] == SetEncryption(state: .current))
        // The packs of the set before are not encrypted to the second recipient.
        #expect(found[both.name] == SetEncryption(state: .current))
        #expect(found[off.set.name]?.state == .clear)
        found = try repository([second.certificate]).encryption(of: sets)
        #expect(found[encrypted.name] == SetEncryption(state: .other, missing: [two], former: [one]))
        found = try repository([first.certificate, second.certificate]).encryption(of: sets)
        #expect(found[both.name] == SetEncryption(state: .other, missing: [two]))
        found = try repository([]).encryption(of: sets)
        #expect(found[encrypted.name] == SetEncryption(state: .other, former: [one]))
        // There is nothing to say about a repository that was never encrypted.
        #expect(try repository([]).encryption(of: [clear]).isEmpty)
    }
}
