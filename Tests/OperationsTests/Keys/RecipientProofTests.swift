import BackupRepository
import Cryptography
import Foundation
import Testing

@testable import Operations

@Suite struct RecipientProofTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let day = 86_400

    private static let certificate = Result {
        let pair = try KeyPair.generate(commonName: "vault", kind: .p256, now: Date())
        return try RecoveryCertificate.all(in: Array(pair.certificatePEM.utf8), name: "c")[0]
    }

    private func proof(daysAgo: Int?) throws -> RecipientProof {
        let certificate = try Self.certificate.get()
        let mark = daysAgo.map { days in
            KeyTestedMark(
                at: Timestamp(seconds: Self.now.seconds - days * Self.day), tool: "dr",
                fingerprint: certificate.fingerprint, set: Self.now, passed: true)
        }
        return RecipientProof(certificate, mark, now: Self.now)
    }

    @Test(
        arguments: [
            (nil, .never, .warning), (0, .tested, .ok), (90, .tested, .ok), (91, .overdue, .warning),
        ] as [(Int?, RecipientProof.Verdict, Check.Verdict)])
    func `a key is overdue 90 days after its test`(
        _ days: Int?, _ verdict: RecipientProof.Verdict, _ check: Check.Verdict
    ) throws {
        let proof = try proof(daysAgo: days)
        #expect(proof.verdict == verdict)
        #expect(proof.ageSeconds == days.map { $0 * Self.day })
        #expect(Check(proof).verdict == check)
        #expect(Check(proof).name.hasPrefix("recovery key: CN=vault (SHA-256 "))
        #expect(Check(proof).detail.contains("dr key test") == (check == .warning))
    }
}
