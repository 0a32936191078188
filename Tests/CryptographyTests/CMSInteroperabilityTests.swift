import Cryptography
import Foundation
import Testing

/// Envelopes between this module and the stock `openssl` of the machine.
@Suite struct CMSInteroperabilityTests {
    private static let sizes = [0, 1, 127, 128, 255, 256, 65_536, (1 << 20) - 1, 1 << 20, 5 << 20 + 3]
    private let bench = CMSBench()

    @Test(arguments: sizes) func `OpenSSL decrypts the envelopes that dr writes`(_ size: Int) throws {
        let (rsa, ec) = (try TestKey.rsa.get(), try TestKey.ec.get())
        let plain = noise(size)
        let rsaKey = try bench.file("rsa.key", Array(rsa.pair.privateKeyPEM.utf8))
        let ecKey = try bench.file("ec.key", Array(ec.pair.privateKeyPEM.utf8))
        let ecCertificate = try bench.file("ec.crt", Array(ec.pair.certificatePEM.utf8))

        let one = try bench.file("one.p7m", seal(plain, to: [rsa.certificate]))
        try bench.openssl("cms", "-decrypt", "-inform", "DER", "-in", one, "-inkey", rsaKey, "-out", "one")
        #expect(try bench.read("one") == plain)

        let two = try bench.file("two.p7m", seal(plain, to: [rsa.certificate, ec.certificate]))
        try bench.openssl("cms", "-decrypt", "-inform", "DER", "-in", two, "-inkey", rsaKey, "-out", "two.rsa")
        try bench.openssl(
            "cms", "-decrypt", "-inform", "DER", "-in", two, "-inkey", ecKey, "-recip", ecCertificate, "-out", "two.ec")
        #expect(try bench.read("two.rsa") == plain)
        #expect(try bench.read("two.ec") == plain)
    }

    /// The options of openssl: `-stream` makes indefinite lengths and pieces, without it every length is definite.
    private static let manners: [[String]] = [
        [], ["-stream"], ["-keyid"], ["-stream", "-keyopt", "rsa_padding_mode:oaep"],
        ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"],
    ]

    @Test(arguments: sizes, manners) func `dr decrypts the envelopes that OpenSSL writes`(
        _ size: Int, _ manner: [String]
    ) throws {
        // OpenSSL 3.0 cannot stream an empty file: "Error writing CMS output".
        if size == 0, manner.contains("-stream") { return }
        let (rsa, ec) = (try TestKey.rsa.get(), try TestKey.ec.get())
        let plain = noise(size)
        _ = try bench.file("plain", plain)
        _ = try bench.file("rsa.crt", Array(rsa.pair.certificatePEM.utf8))
        _ = try bench.file("ec.crt", Array(ec.pair.certificatePEM.utf8))
        let start = ["cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", "plain", "-outform", "DER", "-out", "sealed"]

        try bench.openssl(start + ["-recip", "rsa.crt"] + manner)
        #expect(try open(bench.read("sealed"), with: rsa.key()) == plain)
        #expect(try open(bench.read("sealed"), with: rsa.key(knowsCertificate: false)) == plain)

        guard !manner.contains("-keyopt") else { return }
        try bench.openssl(start + manner + ["ec.crt", "rsa.crt"])
        for key in [rsa, ec] {
            #expect(try open(bench.read("sealed"), with: key.key()) == plain)
            #expect(try open(bench.read("sealed"), with: key.key(knowsCertificate: false)) == plain)
        }
    }

    @Test func `encrypted keys open in OpenSSL`() throws {
        let pair = try KeyPair.generate(
            commonName: "Notfallschlüssel", kind: .p256, now: Date(), passphrase: Array("correct horse".utf8))
        let key = try bench.file("key", Array(pair.privateKeyPEM.utf8))
        let certificate = try bench.file("crt", Array(pair.certificatePEM.utf8))
        #expect(pair.privateKeyPEM.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        let recipient = try #require(try RecoveryCertificate.load(certificate).first)
        _ = try bench.file("sealed", seal([1, 2, 3], to: [recipient]))
        try bench.openssl(
            "cms", "-decrypt", "-inform", "DER", "-in", "sealed", "-inkey", key, "-passin", "pass:correct horse",
            "-out", "plain")
        #expect(try bench.read("plain") == [1, 2, 3])
        #expect(throws: CMSBench.Refusal.self) {
            try bench.openssl("pkey", "-in", key, "-passin", "pass:wrong horse", "-noout")
        }
    }

    @Test(arguments: KeyKind.allCases)
    func `certificate details match the output of OpenSSL`(_ kind: KeyKind) throws {
        let certificate = try kind.key().certificate
        let path = try bench.file("crt", Array(kind.key().pair.certificatePEM.utf8))
        let told = try bench.openssl(
            "x509", "-in", path, "-noout", "-serial", "-subject", "-issuer", "-nameopt", "RFC2253", "-enddate",
            "-dateopt", "iso_8601", "-fingerprint", "-sha256")
        let colons = certificate.fingerprint.hex.uppercased().enumerated()
            .map { $0 > 0 && $0.isMultiple(of: 2) ? ":\($1)" : "\($1)" }.joined()
        let expires = certificate.expires.formatted(.iso8601).replacing("T", with: " ")
        #expect(
            told == """
                serial=\(certificate.x509.serial)
                subject=\(certificate.subject)
                issuer=\(certificate.x509.issuer)
                notAfter=\(expires)
                sha256 Fingerprint=\(colons)

                """)
        // The certificate is signed with the key that it names.
        try bench.openssl("verify", "-check_ss_sig", "-CAfile", path, path)
    }
}
