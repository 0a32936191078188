import Cryptography
import Foundation
import Lab
import Testing

@testable import BackupRepository

extension Fixture {
    /// Makes a signing key and its certificate with the stock `openssl`.
    func signer(_ name: String) async throws -> SigningIdentity {
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "group:P-256", "-nodes", "-subj", "/CN=\(name)", "-days",
                "1", "-keyout", "\(name).key", "-out", "\(name).crt",
            ], in: folder.url)
        try #require(made.status == 0, "\(made.errors)")
        let path = folder.url.path
        return try .load(certificate: "\(path)/\(name).crt", privateKey: "\(path)/\(name).key")
    }

    /// Makes a recovery key and its certificate.
    static func recipient(_ name: String) throws -> (certificate: RecoveryCertificate, key: RecoveryKey) {
        let pair = try KeyPair.generate(commonName: name, kind: .p256, now: Date())
        let certificate = try RecoveryCertificate.all(in: Array(pair.certificatePEM.utf8), name: name)[0]
        return (certificate, try RecoveryKey(pem: Array(pair.privateKeyPEM.utf8), name: name))
    }
}
