import Cryptography
import Foundation
import Testing

/// Signatures between this module and the stock `openssl`, and wrong documents or signers.
@Suite struct CMSSignatureTests {
    private let bench = CMSBench()
    private let document = Array("{\"set\": \"20261123T020000Z\"}\r\n".utf8)

    /// Makes `NAME.key` and `NAME.crt`.
    private func identity(_ name: String, _ options: [String] = ["-newkey", "ec", "-pkeyopt", "group:P-256"]) throws
        -> SigningIdentity
    {
        try bench.openssl(
            ["req", "-x509", "-nodes", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).crt"]
                + ["-days", "30"] + options)
        let folder = bench.folder.url.path
        return try .load(certificate: "\(folder)/\(name).crt", privateKey: "\(folder)/\(name).key")
    }

    private static let kinds = [["-newkey", "ec", "-pkeyopt", "group:P-256"], ["-newkey", "rsa:2048"]]

    @Test(arguments: kinds) func `OpenSSL accepts ours`(_ options: [String]) throws {
        let signer = try identity("signer", options)
        _ = try bench.file("document", document)
        _ = try bench.file("other", document + [0])
        _ = try bench.file("signature", CMSSignature.sign(document, by: signer))
        func verify(_ content: String, _ trusted: String) throws {
            try bench.openssl(
                "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", content, "-CAfile",
                trusted, "-out", "proved")
        }
        try verify("document", "signer.crt")
        #expect(try bench.read("proved") == document)
        #expect(throws: CMSBench.Refusal.self) { try verify("other", "signer.crt") }
        _ = try identity("stranger")
        #expect(throws: CMSBench.Refusal.self) { try verify("document", "stranger.crt") }
    }

    @Test(arguments: kinds) func `we accept openssls`(_ options: [String]) throws {
        let signer = try identity("signer", options)
        _ = try bench.file("document", document)
        try bench.openssl(
            "cms", "-sign", "-binary", "-outform", "DER", "-in", "document", "-signer", "signer.crt", "-inkey",
            "signer.key", "-out", "signature")
        let signature = try bench.read("signature")
        let proved = try CMSSignature.verify(
            signature, of: document, trusting: [signer.certificate], at: Date(timeIntervalSinceNow: 60))
        #expect(proved == signer.certificate)
    }

    @Test func `an authority does not vouch for those it issues to`() throws {
        let authority = try identity("authority", ["-newkey", "ec", "-pkeyopt", "group:P-256"])
        try bench.openssl(
            "req", "-newkey", "ec", "-pkeyopt", "group:P-256", "-nodes", "-subj", "/CN=leaf", "-keyout", "leaf.key",
            "-out", "leaf.csr")
        try bench.openssl(
            "x509", "-req", "-in", "leaf.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-days", "10",
            "-CAcreateserial", "-out", "leaf.crt")
        let folder = bench.folder.url.path
        let leaf = try SigningIdentity.load(certificate: "\(folder)/leaf.crt", privateKey: "\(folder)/leaf.key")
        let signature = try CMSSignature.sign(document, by: leaf)
        #expect(
            try CMSSignature.verify(signature, of: document, trusting: [leaf.certificate], at: nil) == leaf.certificate)
        #expect(reason(signature, of: document, [authority.certificate]) == .signature)
    }

    private func reason(_ signature: [UInt8], of document: [UInt8], _ trusted: [X509Certificate], at now: Date? = nil)
        -> CMSError.Reason?
    {
        #expect(throws: CMSError.self) {
            try CMSSignature.verify(signature, of: document, trusting: trusted, at: now)
        }?.reason
    }

    @Test func `an invalid signature or a signer that is not trusted is refused`() throws {
        let (signer, stranger) = (try identity("signer"), try identity("stranger"))
        let signature = try CMSSignature.sign(document, by: signer)
        #expect(reason(signature, of: document + [0], [signer.certificate]) == .signature)
        #expect(reason(signature, of: [], [signer.certificate]) == .signature)
        #expect(reason(signature, of: document, [stranger.certificate]) == .signature)
        #expect(reason(signature, of: document, []) == .signature)
        // Another signer with the same name.
        let namesake = try identity("signer")
        #expect(reason(signature, of: document, [namesake.certificate]) == .signature)
        #expect(reason(signature + [0], of: document, [signer.certificate]) == .malformed)
        #expect(reason(signature.dropLast(), of: document, [signer.certificate]) == .malformed)
        #expect(reason([], of: document, [signer.certificate]) == .malformed)
        let later = Date(timeIntervalSinceNow: 31 * 86_400)
        #expect(reason(signature, of: document, [signer.certificate], at: later) == .signature)
    }

    @Test func `other messages are no signatures`() throws {
        let signer = try identity("signer")
        _ = try bench.file("document", document)
        let start = ["cms", "-binary", "-outform", "DER", "-in", "document", "-out", "message"]
        for options in [
            ["-sign", "-nodetach", "-signer", "signer.crt", "-inkey", "signer.key"], ["-data_create"],
            ["-encrypt", "-aes-256-gcm", "signer.crt"],
        ] {
            try bench.openssl(start + options)
            #expect(reason(try bench.read("message"), of: document, [signer.certificate]) == .malformed)
        }
    }

    /// A changed signature never verifies for another document or another signer.
    @Test func `changed signatures prove nothing else`() throws {
        let signer = try identity("signer")
        let signature = try CMSSignature.sign(document, by: signer)
        for byte in signature.indices {
            var changed = signature
            changed[byte] ^= 1 << (byte % 8)
            #expect(throws: CMSError.self) {
                try CMSSignature.verify(changed, of: document + [0], trusting: [signer.certificate], at: nil)
            }
            let proved = try? CMSSignature.verify(changed, of: document, trusting: [signer.certificate], at: nil)
            #expect(proved == nil || proved == signer.certificate)
        }
    }

    @Test func `keys must belong to their certificate`() throws {
        _ = (try identity("one"), try identity("two"))
        let folder = bench.folder.url.path
        let error = #expect(throws: CMSError.self) {
            try SigningIdentity.load(certificate: "\(folder)/one.crt", privateKey: "\(folder)/two.key")
        }
        #expect(error?.reason == .wrongKey)
        let forbidden = #expect(throws: CMSError.self) {
            try identity("three", ["-newkey", "rsa:2048", "-addext", "keyUsage=keyEncipherment"])
        }
        #expect(forbidden?.reason == .unsupported)
    }
}
