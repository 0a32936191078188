import Cryptography
import Foundation
import Testing

/// Every kind of key that dr creates, in the hands of the stock `openssl`.
@Suite struct KeyPairTests {
    private let bench = CMSBench()
    private let passphrase = Array("correct horse".utf8)

    @Test(arguments: KeyKind.allCases) func `OpenSSL decrypts with a recovery key of every kind`(_ kind: KeyKind) throws
    {
        let own = try kind.key()
        _ = try bench.file("key", Array(own.pair.privateKeyPEM.utf8))
        _ = try bench.file("crt", Array(own.pair.certificatePEM.utf8))
        let plain = noise(100_000)
        _ = try bench.file("sealed", seal(plain, to: [own.certificate]))
        try bench.openssl(
            "cms", "-decrypt", "-inform", "DER", "-in", "sealed", "-inkey", "key", "-recip", "crt", "-out", "plain")
        #expect(try bench.read("plain") == plain)
        #expect(try open(seal(plain, to: [own.certificate]), with: own.key()) == plain)
    }

    @Test(arguments: KeyKind.allCases) func `OpenSSL verifies a signing key of every kind`(_ kind: KeyKind) throws {
        let pair = try KeyPair.generate(
            commonName: "host", for: .signing, kind: kind, now: Date(), passphrase: passphrase)
        let key = try bench.file("key", Array(pair.privateKeyPEM.utf8))
        let certificate = try bench.file("crt", Array(pair.certificatePEM.utf8))
        let signer = try SigningIdentity.load(certificate: certificate, privateKey: key) { passphrase }
        _ = try bench.file("document", [1, 2, 3])
        _ = try bench.file("signature", CMSSignature.sign([1, 2, 3], by: signer))
        try bench.openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "document", "-CAfile", "crt",
            "-purpose", "any", "-out", "proved")
        // It is not a recipient: a backup host that is broken into must not be able to read backups.
        let error = #expect(throws: CMSError.self) { try RecoveryCertificate.load(certificate) }
        #expect(error?.reason == .unsupported)
    }

    @Test(arguments: KeyKind.allCases) func `a recovery key cannot sign`(_ kind: KeyKind) throws {
        let own = try kind.key()
        let key = try bench.file("key", Array(own.pair.privateKeyPEM.utf8))
        let certificate = try bench.file("crt", Array(own.pair.certificatePEM.utf8))
        #expect(throws: CMSError.self) { try SigningIdentity.load(certificate: certificate, privateKey: key) }
    }

    @Test(arguments: zip(KeyKind.allCases, [("RSA-3072", 3072), ("RSA-4096", 4096), ("P-256", 256), ("P-384", 384)]))
    func `the algorithm of a key and of its certificate is named`(_ kind: KeyKind, _ expected: (String, Int)) throws {
        let own = try kind.key()
        let key = try PrivateKey(pem: Array(own.pair.privateKeyPEM.utf8), name: "k", passphrase: { nil })
        for algorithm in [key.algorithm, try own.certificate.x509.algorithm()] {
            #expect(algorithm.description == expected.0)
            #expect(algorithm.bits == expected.1)
        }
        #expect(try key.belongs(to: own.certificate.x509))
        #expect(try !key.belongs(to: kind.stranger().certificate.x509))
    }
}
