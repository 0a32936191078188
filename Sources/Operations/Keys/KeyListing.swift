package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Platform
package import StackConfiguration

/// The certificates and keys that `dr key show` describes.
package struct KeyListing: Encodable {
    package struct Row: Encodable, Equatable {
        package var file: String
        /// "certificate" or "private key".
        package var type: String
        /// The algorithm and size: "RSA-3072", "P-256". Nil for an encrypted key without its passphrase.
        package var kind: String?
        package var subject: String?
        /// The SHA-256 of the certificate; for a private key, that of its certificate, if that is known.
        package var fingerprint: String?
        package var validFrom: Timestamp?
        package var expires: Timestamp?
        /// The use of it in dr.yaml: "recipient", "signer", "trusted", "revoked"; empty for none.
        package var uses: [String]
    }

    package var keys: [Row] = []

    /// Describes the certificates and keys of a configuration.
    package init(of configuration: Configuration, passphrases: Passphrases) throws {
        let uses = CertificateUses(configuration)
        for file in configuration.store.recipients { try append(certificatesIn: file, uses) }
        guard let signing = configuration.store.signing else { return }
        for file in Set([signing.certificate].compactMap { $0 } + signing.trust.compactMap(\.certificate)).sorted() {
            try append(certificatesIn: file, uses)
        }
        guard let key = signing.key else { return }
        try append(keyIn: key, beside: uses) { try passphrases.ofSigningKey(key, configured: signing.passphrase) }
    }

    /// Describes files, each of certificates or of a private key.
    /// - Parameter configuration: nil if there is none.
    package init(_ files: [String], configuration: Configuration?, passphrases: Passphrases) throws {
        let uses = CertificateUses(configuration ?? Configuration())
        for file in files {
            do { try append(certificatesIn: file, uses) } catch let error as CMSError
                where error.reason == .notACertificate
            {
                try append(keyIn: file, beside: uses) { try passphrases.ofRecoveryKey(file) }
            }
        }
    }

    private mutating func append(certificatesIn file: String, _ uses: CertificateUses) throws {
        for certificate in try X509Certificate.load(file) {
            keys.append(
                Row(
                    file: file, type: "certificate", kind: try certificate.algorithm().description,
                    subject: certificate.subject, fingerprint: certificate.fingerprint.hex,
                    validFrom: Timestamp(certificate.validFrom), expires: Timestamp(certificate.expires),
                    uses: uses.names(of: certificate.fingerprint)))
        }
    }

    private mutating func append(
        keyIn file: String, beside uses: CertificateUses, passphrase: () throws -> [UInt8]?
    ) throws {
        try DocumentError.refuseUntrusted(file, .privateKey)
        let key: PrivateKey
        do { key = try PrivateKey.load(file, passphrase: passphrase) } catch let error as CMSError
            where error.reason == .passphrase
        {
            keys.append(Row(file: file, type: "private key", uses: []))
            return
        }
        let beside = (try? X509Certificate.load("\(file).crt")) ?? []
        let own = try (uses.certificates + beside).first { try key.belongs(to: $0) }
        keys.append(
            Row(
                file: file, type: "private key", kind: key.algorithm.description, subject: own?.subject,
                fingerprint: own?.fingerprint.hex, validFrom: own.map { Timestamp($0.validFrom) },
                expires: own.map { Timestamp($0.expires) },
                uses: own.map { uses.names(of: $0.fingerprint) } ?? []))
    }

    package var text: String {
        var table = Table([
            ("FILE", .left), ("TYPE", .left), ("KIND", .left), ("EXPIRES", .left), ("USE", .left),
            ("SHA-256 FINGERPRINT", .left),
        ])
        for row in keys {
            table.add([
                row.file, row.type, row.kind ?? "encrypted", row.expires.map { String($0.readable.prefix(10)) } ?? "-",
                row.uses.isEmpty ? "-" : row.uses.joined(separator: ", "), row.fingerprint ?? "-",
            ])
        }
        return table.text
    }
}

/// The uses of certificates in a configuration.
private struct CertificateUses {
    private(set) var certificates: [X509Certificate] = []
    private var uses: [Digest: [String]] = [:]

    /// A certificate that cannot be read has no use here; `dr doctor` reports it.
    init(_ configuration: Configuration) {
        for file in configuration.store.recipients { add((try? X509Certificate.load(file)) ?? [], as: "recipient") }
        guard let signing = configuration.store.signing else { return }
        let signers = signing.certificate.flatMap { try? X509Certificate.load($0) } ?? []
        if signing.key != nil { add(Array(signers.prefix(1)), as: "signer") }
        add(signers, as: "trusted")
        for entry in signing.trust {
            let listed = entry.certificate.flatMap { try? X509Certificate.load($0) } ?? []
            add(listed, as: "trusted")
            guard entry.revoked != nil else { continue }
            let named = entry.fingerprint.flatMap { Digest(hex: $0) }.map { [$0] } ?? []
            for fingerprint in listed.map(\.fingerprint) + named { uses[fingerprint] = ["revoked"] }
        }
    }

    func names(of fingerprint: Digest) -> [String] { uses[fingerprint] ?? [] }

    private mutating func add(_ found: [X509Certificate], as use: String) {
        for certificate in found {
            certificates.append(certificate)
            if uses[certificate.fingerprint]?.contains(use) != true {
                uses[certificate.fingerprint, default: []].append(use)
            }
        }
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) { self.init(seconds: Int(clamping: date.timeIntervalSince1970)) }
}
