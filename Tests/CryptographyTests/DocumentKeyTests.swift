import Cryptography
import Foundation
import Testing

/// The symmetric key of documents, beside the recipients.
@Suite struct DocumentKeyTests {
    private let bench = CMSBench()

    @Test(arguments: [0, 1, 5000, 1 << 20]) func `any of the keys opens a document`(size: Int) throws {
        let (rsa, ec) = (try TestKey.rsa.get(), try TestKey.ec.get())
        let plain = noise(size)
        let key = DocumentKey.generate()
        let sealed = try CMSEnvelope.seal(plain, to: [rsa.certificate, ec.certificate], and: key)
        let copy = try #require(DocumentKey(hex: key.hex))
        #expect(copy.id == key.id)
        #expect(try CMSEnvelope.open(sealed, with: copy, limit: size) == plain)
        #expect(try CMSEnvelope.open(sealed, with: rsa.key(), limit: size) == plain)
        #expect(try CMSEnvelope.open(sealed, with: ec.key(), limit: size) == plain)
        #expect(throws: CMSError.self) { try CMSEnvelope.open(sealed, with: DocumentKey.generate(), limit: size) }
        if size > 0 {
            let failure = #expect(throws: CMSError.self) { try CMSEnvelope.open(sealed, with: key, limit: size - 1) }
            #expect(failure?.reason == .tooLarge)
        }
    }

    @Test func `OpenSSL opens a document with the key`() throws {
        let rsa = try TestKey.rsa.get()
        let key = DocumentKey.generate()
        let plain = noise(100_000)
        let sealed = try bench.file("sealed", try CMSEnvelope.seal(plain, to: [rsa.certificate], and: key))
        try bench.openssl(
            "cms", "-decrypt", "-inform", "DER", "-binary", "-in", sealed, "-secretkey", key.hex, "-secretkeyid",
            key.id.hex, "-out", "symmetric")
        #expect(try bench.read("symmetric") == plain)
        let private_ = try bench.file("rsa.key", Array(rsa.pair.privateKeyPEM.utf8))
        try bench.openssl(
            "cms", "-decrypt", "-inform", "DER", "-binary", "-in", sealed, "-inkey", private_, "-out", "rsa")
        #expect(try bench.read("rsa") == plain)
    }

    @Test func `dr opens what OpenSSL encrypts to the key`() throws {
        let key = DocumentKey.generate()
        _ = try bench.file("plain", noise(3000))
        try bench.openssl(
            "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", "plain", "-outform", "DER", "-out", "sealed",
            "-secretkey", key.hex, "-secretkeyid", key.id.hex)
        #expect(try CMSEnvelope.open(try bench.read("sealed"), with: key, limit: 3000) == noise(3000))
    }

    /// Every bit of the envelope matters, those of the symmetric recipient too.
    @Test func `a changed byte is noticed`() throws {
        let key = DocumentKey.generate()
        let sealed = try CMSEnvelope.seal(noise(40), to: [try TestKey.ec.get().certificate], and: key)
        let others = [0, 1, 7].flatMap { bit in sealed.indices.map { ($0, bit) } }
        for (index, bit) in others {
            var changed = sealed
            changed[index] ^= 1 << bit
            // The part for the other recipient is not used, and not covered by the tag.
            guard let plain = try? CMSEnvelope.open(changed, with: key, limit: 100) else { continue }
            #expect(plain == noise(40), "byte \(index), bit \(bit)")
        }
    }

    @Test(arguments: ["", "ab", String(repeating: "g", count: 64), String(repeating: "a", count: 62)])
    func `only 64 digits are a key`(text: String) { #expect(DocumentKey(hex: text) == nil) }
}
