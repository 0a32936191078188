import Cryptography
import Foundation
import Platform
import Testing

/// Certificates and keys as users name them in a configuration: valid ones, and every kind of wrong one.
@Suite struct CMSKeyTests {
    private let bench = CMSBench()

    private func complaint(_ body: () throws -> Void) -> CMSError? { #expect(throws: CMSError.self, performing: body) }

    @Test(arguments: KeyKind.allCases)
    func `the error for a wrong key names the certificate of the right key`(_ kind: KeyKind) throws {
        let (own, stranger) = (try kind.key(), try kind.stranger())
        let sealed = try seal([1], to: [own.certificate])
        for knows in [true, false] {
            let key = try stranger.key(knowsCertificate: knows)
            let error = complaint { _ = try open(sealed, with: key) }
            #expect(error?.reason == .wrongKey)
            let serial = own.certificate.x509.serial
            #expect(
                error?.description == """
                    decrypt: the private key belongs to none of the recipients
                    hint: it can be decrypted with the private key of certificate \(serial) issued by 'CN=\(own.name)'
                    """)
        }
        // A key of another kind cannot decrypt it either.
        let other: KeyKind = kind.isRSA ? .p256 : .rsa3072
        #expect(complaint { _ = try open(sealed, with: other.key().key()) }?.reason == .wrongKey)
    }

    @Test(arguments: KeyKind.allCases)
    func `a damaged content key is not taken for a wrong key`(_ kind: KeyKind) throws {
        let own = try kind.key()
        var sealed = try seal([1], to: [own.certificate])
        // The recipients end with the wrapped key.
        let end = try #require(sealed.firstRange(of: [0x30, 0x80, 6, 9])).lowerBound
        sealed[end - 1] ^= 1
        let error = complaint { _ = try open(sealed, with: own.key()) }
        #expect(error?.reason == .authentication)
        #expect(error?.detail == "the content key for 'CN=\(own.name)' was changed")
    }

    /// The content key in PKCS #1 v1.5: no error before the tag shows whether it was decrypted correctly.
    @Test func `a wrong key for the old padding shows in the tag`() throws {
        _ = try bench.file("plain", noise(1000))
        _ = try bench.file("rsa.crt", Array(TestKey.rsa.get().pair.certificatePEM.utf8))
        try bench.openssl(
            "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", "plain", "-outform", "DER", "-out", "sealed", "rsa.crt"
        )
        let sealed = try bench.read("sealed")
        let unknown = try TestKey.otherRSA.get().key(knowsCertificate: false)
        #expect(complaint { _ = try open(sealed, with: unknown) }?.reason == .authentication)
        let known = try TestKey.otherRSA.get().key()
        #expect(complaint { _ = try open(sealed, with: known) }?.reason == .wrongKey)
    }

    @Test func `a key picks its own certificate`() throws {
        let (own, other) = (try TestKey.ec.get(), try TestKey.otherEC.get())
        let pem = Array(own.pair.privateKeyPEM.utf8)
        let several = try RecoveryKey(pem: pem, name: "k", certificates: [other.certificate, own.certificate])
        #expect(several.certificate == own.certificate)
        #expect(try RecoveryKey(pem: pem, name: "k", certificates: [other.certificate]).certificate == nil)
    }

    @Test func `dr refuses OpenSSL envelopes with unsupported algorithms`() throws {
        let own = try TestKey.ec.get()
        _ = try bench.file("plain", [1, 2, 3])
        _ = try bench.file("ec.crt", Array(own.pair.certificatePEM.utf8))
        for (cipher, reason) in [("-aes-256-cbc", CMSError.Reason.unsupported), ("-aes-128-gcm", .unsupported)] {
            try bench.openssl(
                "cms", "-encrypt", "-binary", cipher, "-in", "plain", "-outform", "DER", "-out", "sealed", "ec.crt")
            #expect(complaint { _ = try open(bench.read("sealed"), with: own.key()) }?.reason == reason)
        }
        try bench.openssl("cms", "-data_create", "-in", "plain", "-outform", "DER", "-out", "sealed")
        #expect(complaint { _ = try open(bench.read("sealed"), with: own.key()) }?.reason == .malformed)
    }

    @Test func `files of several certificates load`() throws {
        let (rsa, ec) = (try TestKey.rsa.get(), try TestKey.ec.get())
        let path = try bench.file("both", Array((rsa.pair.certificatePEM + "\n# ours\n" + ec.pair.certificatePEM).utf8))
        #expect(try RecoveryCertificate.load(path) == [rsa.certificate, ec.certificate])
    }

    @Test func `the error for an invalid certificate states the cause`() throws {
        let missing = complaint { _ = try RecoveryCertificate.load("/nowhere/recovery.crt") }
        #expect(missing?.reason == .unreadable)
        #expect(missing?.description == "read certificate '/nowhere/recovery.crt': no such file or directory")

        let key = try bench.file("key", Array(TestKey.ec.get().pair.privateKeyPEM.utf8))
        let swapped = complaint { _ = try RecoveryCertificate.load(key) }
        #expect(
            swapped?.description == """
                read certificate '\(key)': the file contains no PEM certificate
                hint: this is a private key: give the certificate here, and keep the key off this machine
                """)
        #expect(swapped?.reason == .notACertificate)

        for content in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = complaint { _ = try RecoveryCertificate.all(in: Array(content.utf8), name: "c") }
            #expect(error?.reason == .notACertificate)
        }
        // A damaged certificate after a valid one is an error.
        let cut = try TestKey.ec.get().pair.certificatePEM + "-----BEGIN CERTIFICATE-----\nAAAA\n"
        #expect(
            complaint { _ = try RecoveryCertificate.all(in: Array(cut.utf8), name: "c") }?.reason == .notACertificate)
    }

    @Test(arguments: [
        (["-newkey", "rsa:1024"], "too short"), (["-newkey", "ed25519"], "neither RSA nor"),
        (["-newkey", "rsa:2048", "-addext", "keyUsage=digitalSignature"], "does not allow encryption"),
    ])
    func `certificates that cannot receive are refused`(_ options: [String], _ why: String) throws {
        try bench.openssl(
            ["req", "-x509", "-nodes", "-subj", "/CN=x", "-keyout", "x.key", "-out", "x.crt"] + options)
        let error = complaint { _ = try RecoveryCertificate.all(in: bench.read("x.crt"), name: "x.crt") }
        #expect(error?.reason == .unsupported)
        #expect(error?.detail.contains(why) == true)
    }

    @Test func `validity is judged at the time given`() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let pair = try KeyPair.generate(commonName: "brief", kind: .p256, now: now, years: 1)
        let certificate = try #require(
            try RecoveryCertificate.all(in: Array(pair.certificatePEM.utf8), name: "c").first)
        #expect(certificate.expires == now + 365 * 86_400)
        try certificate.checkValidity(at: now)
        try certificate.checkValidity(at: certificate.expires)
        let late = complaint { try certificate.checkValidity(at: certificate.expires + 1) }
        #expect(late?.reason == .expired)
        #expect(late?.detail == "it expired on 2028-01-15T08:00:00Z")
        #expect(complaint { try certificate.checkValidity(at: now - 1) }?.reason == .notYetValid)
        // A validity beyond two-digit years.
        let long = try KeyPair.generate(commonName: "long", kind: .p256, now: now, years: 30)
        let certificates = try RecoveryCertificate.all(in: Array(long.certificatePEM.utf8), name: "c")
        #expect(certificates.first?.expires == now + (30 * 365 + 7) * 86_400)
    }

    @Test func `passphrases are asked for once and only when needed`() throws {
        struct NoTerminal: Error {}
        let plain = Array(try TestKey.ec.get().pair.privateKeyPEM.utf8)
        _ = try RecoveryKey(pem: plain, name: "k") { throw NoTerminal() }

        let sealed = try KeyPair.generate(
            commonName: "x", kind: .p256, now: Date(), passphrase: Array("correct horse".utf8))
        let pem = Array(sealed.privateKeyPEM.utf8)
        var asked = 0
        _ = try RecoveryKey(pem: pem, name: "k") {
            asked += 1
            return Array("correct horse".utf8)
        }
        #expect(asked == 1)
        #expect(throws: NoTerminal.self) { try RecoveryKey(pem: pem, name: "k") { throw NoTerminal() } }
        let none = complaint { _ = try RecoveryKey(pem: pem, name: "k") }
        #expect(none?.description == "read private key 'k': the key is encrypted and no passphrase was given")
        let answers = [Array("wrong horse".utf8), [UInt8](repeating: 65, count: 100_000)]
        for answer in answers {
            #expect(complaint { _ = try RecoveryKey(pem: pem, name: "k") { answer } }?.reason == .passphrase)
        }
    }

    @Test(arguments: ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `a file without a private key is reported as such`(_ content: String) {
        #expect(complaint { _ = try RecoveryKey(pem: Array(content.utf8), name: "k") }?.reason == .notAKey)
    }

    @Test func `keys of other kinds are refused`() throws {
        try bench.openssl("genpkey", "-algorithm", "ed25519", "-out", "k")
        #expect(complaint { _ = try RecoveryKey(pem: bench.read("k"), name: "k") }?.reason == .unsupported)
    }

    @Test func `key pairs do not print their key`() throws {
        let pair = try TestKey.ec.get().pair
        #expect(!"\(pair) \([pair])".contains("PRIVATE"))
        #expect(!String(reflecting: [pair]).contains("PRIVATE"))
    }

    @Test(arguments: ["", String(repeating: "x", count: 65), "a\u{0}b"])
    func `names that X509 cannot hold are refused`(_ name: String) {
        #expect(throws: CMSError.self) { try KeyPair.generate(commonName: name, kind: .p256, now: Date()) }
    }
}
