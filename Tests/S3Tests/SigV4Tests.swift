import Cryptography
import Foundation
import Lab
import HTTP
import Platform
import S3
import Testing

@Suite struct SigV4Tests {
    /// The suite's folders, those of `post-sts-token` one level down.
    static let suiteCases: [String] = {
        let names =
            FileManager.default.enumerator(atPath: Fixture.path("sigv4/aws-sig-v4-test-suite"))?
            .compactMap { $0 as? String }.filter { $0.hasSuffix(".req") } ?? []
        return names.map { String($0.dropLast(4)) }.sorted()
    }()

    @Test func `the suite is there`() { #expect(Self.suiteCases.count == 26) }

    @Test(arguments: suiteCases) func `the AWS suite`(_ name: String) throws {
        func text(_ kind: String) throws -> String {
            try Fixture.text("sigv4/aws-sig-v4-test-suite/\(name).\(kind)").trimmingCharacters(in: .newlines)
        }
        var request = try parse(text("req"))
        if name.contains("session-token"), !request.headers.contains(where: { $0.name == "X-Amz-Security-Token" }) {
            // The request of this case lacks the token that its canonical request contains.
            let line = try text("creq").split(separator: "\n").first { $0.hasPrefix("x-amz-security-token:") }
            request.headers.append(("X-Amz-Security-Token", String(try #require(line).dropFirst(21))))
        }
        let signer = SigV4(
            S3Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        let now = 1_440_938_160
        #expect(SigV4.canonicalRequest(request) == (try text("creq")))
        #expect(signer.stringToSign(request, now: now) == (try text("sts")))
        #expect(signer.authorization(request, now: now) == (try text("authz")))
    }

    private func parse(_ text: String) throws -> SigV4.Request {
        let parts = text.components(separatedBy: "\n\n")
        var lines = parts[0].components(separatedBy: "\n")
        let words = lines.removeFirst().components(separatedBy: " ")
        let target = words[1..<words.count - 1].joined(separator: " ").components(separatedBy: "?")
        let query = (target.count < 2 ? "" : target[1]).split(separator: "&").map { pair -> SigV4.Field in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decode = { (text: Substring) in text.removingPercentEncoding ?? String(text) }
            return (decode(sides[0]), sides.count > 1 ? decode(sides[1]) : "")
        }
        var headers: [SigV4.Field] = []
        for line in lines {
            if line.hasPrefix(" "), let last = headers.indices.last {
                headers[last].value += "\n" + line
            } else {
                let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                headers.append((String(sides[0]), String(sides[1])))
            }
        }
        let body = parts.count > 1 ? parts[1] : ""
        return SigV4.Request(
            words[0], target[0].removingPercentEncoding ?? target[0], query: query, headers: headers,
            payloadHash: Digest(of: [UInt8](body.utf8)).hex)
    }

    // MARK: - The examples of S3's own manual

    struct Examples: Decodable {
        var access_key: String
        var secret_key: String
        var signing_key_hex: String
        var cases: [Example]
    }

    struct Example: Decodable, CustomTestStringConvertible, Sendable {
        var name: String
        var region: String?
        var method: String
        var path: String
        var query: [[String]]
        var headers: [[String]]
        var payload_hash: String
        var canonical_request: String
        var string_to_sign: String
        var signature: String
        var testDescription: String { name }
    }

    static let examples: Examples? = try? JSONDecoder().decode(
        Examples.self, from: Data(Fixture.text("sigv4/s3-examples.json").utf8))
    static let now = 1_369_353_600

    private func signer(_ region: String = "us-east-1", token: String? = nil) throws -> SigV4 {
        let examples = try #require(Self.examples)
        return SigV4(
            S3Credentials(
                accessKeyID: examples.access_key, secretAccessKey: examples.secret_key, sessionToken: token),
            region: region)
    }

    @Test func `the examples are there`() { #expect(Self.examples?.cases.count == 8) }

    @Test(arguments: examples?.cases ?? []) func `the examples of the S3 manual`(_ example: Example) throws {
        let request = SigV4.Request(
            example.method, example.path.removingPercentEncoding ?? "", query: example.query.map { ($0[0], $0[1]) },
            headers: example.headers.map { ($0[0], $0[1]) }, payloadHash: example.payload_hash)
        let signer = try signer(example.region ?? "us-east-1")
        #expect(SigV4.canonicalRequest(request) == example.canonical_request)
        #expect(signer.stringToSign(request, now: Self.now) == example.string_to_sign)
        #expect(signer.signature(request, now: Self.now) == example.signature)
    }

    @Test func `the published signing key`() throws {
        #expect(try signer().signingKey(Self.now).hex == Self.examples?.signing_key_hex)
    }

    @Test func `the signature excludes headers that connections change`() throws {
        let plain = SigV4.Request("GET", "/a", headers: [("host", "h")], payloadHash: "x")
        var full = plain
        full.headers += [("User-Agent", "dr"), ("Accept-Encoding", "gzip"), ("Connection", "close"), ("Expect", "")]
        #expect(SigV4.canonicalRequest(plain) == SigV4.canonicalRequest(full))
    }

    @Test(arguments: [
        ("a/b c+d%é~", "a/b%20c%2Bd%25%C3%A9~", "a%2Fb%20c%2Bd%25%C3%A9~"), ("", "", ""),
        ("=&?#", "%3D%26%3F%23", "%3D%26%3F%23"),
    ])
    func `percent encoding`(text: String, path: String, component: String) {
        #expect(PercentEncoding.encode(text, keeping: "/") == path)
        #expect(PercentEncoding.encode(text) == component)
        #expect(PercentEncoding.decode(form: component) == text)
    }

    @Test(arguments: [("a+b%2Bc", "a b+c"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%2f%2F", "//")])
    func `form decoding`(_ text: String, _ plain: String) { #expect(PercentEncoding.decode(form: text) == plain) }

    @Test(arguments: [
        ("2013-05-24T00:00:00Z", 1_369_353_600), ("2013-05-24T00:00:00.999Z", 1_369_353_600),
        ("2013-05-24T02:00:00+02:00", 1_369_353_600), ("1969-12-31T23:59:59Z", -1), ("tomorrow", nil), ("", nil),
    ])
    func `times`(_ text: String, _ seconds: Int?) { #expect(AWSTime.parse(text) == seconds) }

    @Test func `times are written in two forms`() {
        #expect(UTCTime(seconds: 1_440_938_160).basic == "20150830T123600Z")
        #expect(RFC3339.text(seconds: 1_440_938_160) == "2015-08-30T12:36:00Z")
    }
}

enum Fixture {
    static func path(_ name: String) -> String { Checkout.url("fixtures/\(name)").path }
    static func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
}
