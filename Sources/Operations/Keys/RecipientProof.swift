package import BackupRepository
import Cryptography
import Platform

/// A recipient of the configuration, with the newest test that its recovery key passed.
package struct RecipientProof: Encodable, Equatable, Sendable {
    package enum Verdict: String, Encodable, Sendable {
        case tested, overdue
        /// No mark shows that the key ever opened a backup.
        case never
    }

    package var fingerprint: String
    /// The subject of the certificate.
    package var subject: String
    package var tested: Timestamp?
    /// The set that the key opened.
    package var set: Timestamp?
    package var ageSeconds: Int?
    package var verdict: Verdict

    /// The time after which a test is overdue: 90 days.
    package static let interval = 90 * 86_400

    init(_ certificate: RecoveryCertificate, _ mark: KeyTestedMark?, now: Timestamp) {
        fingerprint = certificate.fingerprint.hex
        subject = certificate.subject
        tested = mark?.at
        set = mark?.set
        ageSeconds = mark.map { now.seconds - $0.at.seconds }
        verdict = ageSeconds.map { $0 > Self.interval ? .overdue : .tested } ?? .never
    }

    /// Reads the marks; empty without recipients. Blocks.
    package static func all(in repository: Repository, now: Timestamp) throws -> [RecipientProof] {
        let recipients = repository.encryption.recipients
        guard !recipients.isEmpty else { return [] }
        let tests = try Marks(repository).keyTests()
        return recipients.map { RecipientProof($0, tests[$0.fingerprint], now: now) }
    }

    /// A line such as `tested 3d ago, with set 20261123T020000Z`.
    package var words: String {
        guard let ageSeconds, let set else { return "never tested" }
        return "tested \(Units.duration(seconds: max(ageSeconds, 0))) ago, with set \(set)"
    }

    /// The name in tables: the subject, and the start of the fingerprint.
    package var name: String { "\(subject) (SHA-256 \(fingerprint.prefix(16)))" }
}

extension Check {
    /// - Parameter proof: of a recipient of the configuration.
    init(_ proof: RecipientProof) {
        let advice =
            switch proof.verdict {
            case .tested: ""
            case .overdue: ", more than 90 days ago: run `dr key test --recovery-key KEY`"
            case .never: ": run `dr key test --recovery-key KEY` where the private key is"
            }
        self.init(
            "recovery key: \(proof.name)", verdict: proof.verdict == .tested ? .ok : .warning, proof.words + advice)
    }
}
