import Foundation
import Testing

@testable import Cryptography

/// Replies of `openssl ts` as an authority: one that is valid, and each way in which one is not.
@Suite struct TimeStampTests {
    private let bench = CMSBench()
    private let document = Array("{\"verdict\": \"passed\"}\n".utf8)
    private let nonce: [UInt8] = [0x80, 1, 2, 3, 4, 5, 6, 7]

    /// A certificate that may sign time stamps, unless `usage` says otherwise.
    @discardableResult
    private func authority(_ name: String, usage: String = "critical,timeStamping") throws -> X509Certificate {
        try bench.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "group:P-256", "-nodes", "-subj", "/CN=\(name)", "-days", "30",
            "-addext", "extendedKeyUsage=\(usage)", "-keyout", "\(name).key", "-out", "\(name).crt")
        let settings = """
            [tsa]
            default_tsa = this
            [this]
            serial = \(bench.folder.url.path)/serial
            default_policy = 1.2.3.4.1
            digests = sha256
            signer_digest = sha256
            ess_cert_id_alg = sha256
            """
        _ = try bench.file("tsa.cnf", Array(settings.utf8))
        return try X509Certificate.load("\(bench.folder.url.path)/\(name).crt")[0]
    }

    private func reply(
        by name: String, to document: [UInt8]? = nil, nonce: [UInt8]? = nil, query: [UInt8]? = nil
    ) throws -> [UInt8] {
        let request = try query ?? TimeStamp.request(for: document ?? self.document, nonce: nonce ?? self.nonce)
        _ = try bench.file("query.tsq", request)
        try bench.openssl(
            "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", "\(name).crt", "-inkey",
            "\(name).key", "-out", "reply.tsr")
        return try bench.read("reply.tsr")
    }

    @Test func `the stamp of a trusted authority is valid`() throws {
        let certificate = try authority("clock")
        let before = Date().addingTimeInterval(-2)
        let reply = try reply(by: "clock")
        let stamp = try TimeStamp(reply, of: document, nonce: nonce, trusting: [certificate])
        #expect(stamp.authority == "CN=clock")
        #expect(stamp.time > before && stamp.time < Date().addingTimeInterval(2))
        // Later the nonce is not known any more.
        #expect(try TimeStamp(reply, of: document, trusting: [certificate]) == stamp)
        #expect(try TimeStamp(reply, of: document, trusting: []) == stamp)
        // The stock program agrees about both files.
        _ = try bench.file("document", document)
        try bench.openssl("ts", "-verify", "-data", "document", "-in", "reply.tsr", "-CAfile", "clock.crt")
        try bench.openssl("ts", "-verify", "-queryfile", "query.tsq", "-in", "reply.tsr", "-CAfile", "clock.crt")
    }

    @Test func `an authority is trusted by the certificate that issued its own`() throws {
        try authority("clock")
        try bench.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "group:P-256", "-nodes", "-subj", "/CN=root", "-days", "30",
            "-keyout", "root.key", "-out", "root.crt")
        try bench.openssl("req", "-new", "-key", "clock.key", "-subj", "/CN=issued", "-out", "clock.csr")
        _ = try bench.file("usage", Array("extendedKeyUsage=critical,timeStamping\n".utf8))
        try bench.openssl(
            "x509", "-req", "-in", "clock.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days",
            "10", "-extfile", "usage", "-out", "clock.crt")
        let root = try X509Certificate.load("\(bench.folder.url.path)/root.crt")[0]
        let stamp = try TimeStamp(reply(by: "clock"), of: document, nonce: nonce, trusting: [root])
        #expect(stamp.authority == "CN=issued")
    }

    @Test func `a stamp of an untrusted authority is refused`() throws {
        try authority("stranger")
        let trusted = try authority("clock")
        let reply = try reply(by: "stranger")
        let error = #expect(throws: CMSError.self) {
            try TimeStamp(reply, of: document, nonce: nonce, trusting: [trusted])
        }
        #expect(error?.reason == .signature)
        // Without a trusted certificate its name is a claim.
        #expect(try TimeStamp(reply, of: document, trusting: []).authority == "CN=stranger")
    }

    @Test func `a stamp of another document or another request is refused`() throws {
        let certificate = try authority("clock")
        let other = try reply(by: "clock", to: Array("another report".utf8))
        #expect(throws: CMSError.self) { try TimeStamp(other, of: document, nonce: nonce, trusting: [certificate]) }
        #expect(throws: CMSError.self) { try TimeStamp(other, of: document, trusting: []) }
        let replayed = try reply(by: "clock", nonce: [1, 1, 1, 1, 1, 1, 1, 1])
        let error = #expect(throws: CMSError.self) {
            try TimeStamp(replayed, of: document, nonce: nonce, trusting: [certificate])
        }
        #expect(error?.detail.contains("nonce") == true, "\(String(describing: error))")
    }

    @Test func `each altered byte of a stamp is refused`() throws {
        let certificate = try authority("clock")
        let reply = try reply(by: "clock")
        let valid = try TimeStamp(reply, of: document, nonce: nonce, trusting: [certificate])
        var accepted: [Int] = []
        for index in reply.indices {
            var altered = reply
            altered[index] ^= 1
            // A byte outside of the signed content may change; the stamp must then say the same.
            if let stamp = try? TimeStamp(altered, of: document, nonce: nonce, trusting: [certificate]) {
                #expect(stamp.time == valid.time, "byte \(index)")
                accepted.append(index)
            }
        }
        #expect(accepted.count < 60, "\(accepted)")
        for length in stride(from: 0, to: reply.count, by: 7) {
            #expect(throws: CMSError.self) {
                try TimeStamp(Array(reply.prefix(length)), of: document, trusting: [certificate])
            }
        }
    }

    @Test func `a rejection is refused with its reason`() throws {
        let certificate = try authority("clock")
        // SHA-512, which the authority's settings do not permit.
        _ = try bench.file("document", document)
        try bench.openssl("ts", "-query", "-data", "document", "-sha512", "-cert", "-out", "query512.tsq")
        let rejected = try reply(by: "clock", query: bench.read("query512.tsq"))
        let error = #expect(throws: CMSError.self) {
            try TimeStamp(rejected, of: document, nonce: nonce, trusting: [certificate])
        }
        #expect(error?.detail.contains("rejection") == true, "\(String(describing: error))")
        #expect(throws: CMSError.self) { try TimeStamp(Array("<html>".utf8), of: document, trusting: []) }
    }

    @Test func `a certificate for another use signs no time stamp`() throws {
        // `openssl ts` refuses to sign with it, so the extension is exchanged afterwards: another certificate, same key.
        try authority("clock")
        let reply = try reply(by: "clock")
        try bench.openssl(
            "req", "-x509", "-key", "clock.key", "-subj", "/CN=clock", "-days", "30", "-addext",
            "extendedKeyUsage=critical,codeSigning", "-out", "other.crt")
        let other = try X509Certificate.load("\(bench.folder.url.path)/other.crt")[0]
        #expect(throws: CMSError.self) { try TimeStamp(reply, of: document, nonce: nonce, trusting: [other]) }
    }
}
