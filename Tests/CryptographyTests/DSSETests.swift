import Foundation
import Testing

@testable import Cryptography

/// Envelopes against the published vector, and against `openssl` in place of cosign's verifier.
@Suite struct DSSETests {
    private let bench = CMSBench()
    private let type = "http://example.com/HelloWorld"
    private let document = Array("hello world".utf8)

    private func identity(_ name: String, _ options: [String] = ["-newkey", "ec", "-pkeyopt", "group:P-256"]) throws
        -> SigningIdentity
    {
        try bench.openssl(
            ["req", "-x509", "-nodes", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).crt"]
                + ["-days", "30"] + options)
        let folder = bench.folder.url.path
        return try .load(certificate: "\(folder)/\(name).crt", privateKey: "\(folder)/\(name).key")
    }

    /// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#test-vectors
    @Test func `the signed bytes are those of the specification`() {
        #expect(
            DSSEEnvelope.preauthenticated(document, type: type)
                == Array("DSSEv1 29 http://example.com/HelloWorld 11 hello world".utf8))
        // Lengths are in bytes, also those of a type outside ASCII.
        #expect(DSSEEnvelope.preauthenticated([0, 255], type: "ü") == Array("DSSEv1 2 ü 2 ".utf8) + [0, 255])
    }

    /// The vector's key in a certificate. Its signature is r and s; cosign and this module use the ASN.1 form of the two.
    @Test func `the signature of the specification is valid`() throws {
        let key = """
            asn1=SEQUENCE:pkcs8
            [pkcs8]
            version=INTEGER:0
            algorithm=SEQUENCE:algorithm
            key=OCTWRAP,SEQUENCE:key
            [algorithm]
            kind=OID:id-ecPublicKey
            curve=OID:prime256v1
            [key]
            version=INTEGER:1
            secret=FORMAT:HEX,OCTETSTRING:d73ec437fd6346e3619c5ebfdfff0f6916804955ad32ac9ac492b0ede1f6ffb7
            """
        _ = try bench.file("key.cnf", Array(key.utf8))
        try bench.openssl("asn1parse", "-genconf", "key.cnf", "-noout", "-out", "vector.der")
        try bench.openssl("pkey", "-inform", "DER", "-in", "vector.der", "-out", "vector.key")
        try bench.openssl(
            "req", "-x509", "-key", "vector.key", "-subj", "/CN=vector", "-days", "30", "-out", "vector.crt")
        let certificate = try X509Certificate.load("\(bench.folder.url.path)/vector.crt")[0]
        let raw = try #require(
            Data(
                base64Encoded:
                    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="))
        func integer(_ bytes: some Collection<UInt8>) -> [UInt8] {
            let plain = Array(bytes.drop { $0 == 0 })
            let positive = (plain.first ?? 0) >= 0x80 ? [0] + plain : plain
            return [2, UInt8(positive.count)] + positive
        }
        let numbers = integer(raw.prefix(32)) + integer(raw.suffix(32))
        let signature = [0x30, UInt8(numbers.count)] + numbers
        var envelope = DSSEEnvelope(
            payloadType: type, payload: "aGVsbG8gd29ybGQ=",
            signatures: [.init(keyid: nil, sig: Data(signature).base64EncodedString())])
        #expect(try envelope.verify(type: type, signedBy: certificate) == document)
        // Verifiers accept the other alphabet of base64 too.
        envelope.signatures[0].sig = envelope.signatures[0].sig.replacing("+", with: "-").replacing("/", with: "_")
        #expect(try envelope.verify(type: type, signedBy: certificate) == document)
        envelope.payload = Data("hello wOrld".utf8).base64EncodedString()
        #expect(throws: CMSError.self) { try envelope.verify(type: type, signedBy: certificate) }
    }

    private static let kinds = [
        ["-newkey", "ec", "-pkeyopt", "group:P-256"], ["-newkey", "ec", "-pkeyopt", "group:P-384"],
        ["-newkey", "rsa:2048"],
    ]

    /// What cosign does: the signature over PAE with SHA-256, ECDSA in ASN.1 or RSA with PKCS #1 v1.5.
    @Test(arguments: kinds) func `openssl verifies an envelope`(_ options: [String]) throws {
        let signer = try identity("signer", options)
        let envelope = try DSSEEnvelope(parsing: DSSEEnvelope(document, type: type, by: signer).encoded)
        let signature = try #require(Data(base64Encoded: envelope.signatures[0].sig))
        _ = try bench.file("signature", [UInt8](signature))
        _ = try bench.file("signed", Array("DSSEv1 29 http://example.com/HelloWorld 11 hello world".utf8))
        _ = try bench.file("other", Array("DSSEv1 29 http://example.com/HelloWorld 11 hello wOrld".utf8))
        _ = try bench.file("key", Array(bench.openssl("x509", "-in", "signer.crt", "-pubkey", "-noout").utf8))
        try bench.openssl("dgst", "-sha256", "-verify", "key", "-signature", "signature", "signed")
        #expect(throws: CMSBench.Refusal.self) {
            try bench.openssl("dgst", "-sha256", "-verify", "key", "-signature", "signature", "other")
        }
        #expect(envelope.signatures[0].keyid == signer.certificate.fingerprint.hex)
        #expect(try envelope.verify(type: type, signedBy: signer.certificate) == document)
    }

    @Test func `an altered envelope is refused`() throws {
        let signer = try identity("signer")
        let stranger = try identity("stranger")
        let envelope = try DSSEEnvelope(document, type: type, by: signer)
        func refused(_ change: (inout DSSEEnvelope) -> Void) throws -> CMSError.Reason? {
            var changed = envelope
            change(&changed)
            let error = #expect(throws: CMSError.self) {
                try changed.verify(type: type, signedBy: signer.certificate)
            }
            return error?.reason
        }
        #expect(try refused { $0.payload = "aGVsbG8gd29ybGE=" } == .signature)
        #expect(try refused { $0.payload = "*" } == .malformed)
        #expect(try refused { $0.payloadType = "text/plain" } == .malformed)
        #expect(try refused { $0.signatures = [] } == .signature)
        #expect(try refused { $0.signatures[0].sig = "" } == .signature)
        #expect(try refused { $0.signatures[0].sig = "AAAA" } == .signature)
        #expect(throws: CMSError.self) { try envelope.verify(type: type, signedBy: stranger.certificate) }
        #expect(throws: CMSError.self) { try DSSEEnvelope(parsing: Array("{}".utf8)) }
        // A second signature does no harm, whoever made it.
        var twice = envelope
        twice.signatures.insert(.init(keyid: nil, sig: "AAAA"), at: 0)
        #expect(try twice.verify(type: type, signedBy: signer.certificate) == document)
    }
}
