import BackupRepository
import Cryptography

/// Checks what this machine can sign, and which signers are trusted.
struct SigningChecks {
    let signing: SetSigning
    /// The role of the machine; nil if it may do everything.
    let role: StoreRole?
    let now: Timestamp

    func run() -> [Check] {
        guard signing.isRequired else { return [] }
        guard signing.signer != nil else {
            return [
                Check(
                    "signing", verdict: role == .restore || role == .verify ? .ok : .warning,
                    "this machine has no signing key: it cannot back up, prune, pin or record verifications")
            ] + limits()
        }
        let needed: [SignerRole] =
            switch role {
            case nil: SignerRole.allCases
            case .backup?: [.backup]
            case .prune?: [.prune, .operator]
            case .verify?, .restore?: []
            }
        return needed.compactMap { role in
            signing.refusalToSign(as: [role], at: now).map {
                Check("signing: \(role.rawValue)", verdict: .warning, "it cannot sign as \(role.rawValue): \($0)")
            }
        } + limits()
    }

    /// The signers whose time has ended, or that are revoked.
    private func limits() -> [Check] {
        signing.signers.compactMap { signer in
            let name = "signing: trust"
            if let revoked = signer.revoked {
                return Check(name, verdict: .ok, "\(signer.fingerprint.hex) is revoked since \(revoked.readable)")
            }
            guard let until = signer.until else { return nil }
            return Check(
                name, verdict: until < now.adding(days: 14) && until > now ? .warning : .ok,
                "\(signer.fingerprint.hex) is trusted until \(until.readable)")
        }
    }
}

extension Timestamp {
    fileprivate func adding(days: Int) -> Timestamp { Timestamp(seconds: seconds + days * 86_400) }
}
