import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Synchronization
import Testing

/// Requests as they are sent, and the handling of answers: each case against a server with its own script.
@Suite struct S3ProtocolTests {
    static let now = 1_795_399_200

    private func store(
        _ server: ScriptedServer, variables: [String: String] = [:],
        _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Store {
        var configuration = S3Configuration(bucket: "bucket", prefix: "/pre/fix/", endpoint: server.url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "hushhush")
        configuration.retry = RetryPolicy(attempts: 3, base: .milliseconds(1))
        configuration.stallTimeout = Patience.long
        change(&configuration)
        let environment = AWSEnvironment(variables: variables, home: "/nonexistent", now: { Self.now })
        return try S3Store(configuration, environment: environment, logger: Logger(label: "test"))
    }

    private let key = ObjectKey(trusted: "a/key")

    private static func error(
        _ status: Int, _ code: String, headers: [(name: String, value: String)] = [], more: String = ""
    ) -> ScriptedServer.Act {
        .reply(
            .response(
                status, headers, "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message>\(more)</Error>"
            ))
    }

    @Test func `a server that accepts and never answers is given up once where another store serves`() throws {
        let server = try ScriptedServer { _, _ in .silence }
        let folder = try TemporaryFolder("patience")
        let other = try DirectoryStore(path: folder.path)
        _ = try other.put(key, [1, 2, 3], options: PutOptions(.none))
        let first = try store(server) {
            $0.retry = RetryPolicy(attempts: 8, base: .milliseconds(1))
            $0.stallTimeout = .milliseconds(300)
            $0.patience = .milliseconds(300)
        }
        let stores = FallbackStore(.init(name: "first", store: first), then: [.init(name: "second", store: other)])
        for _ in 0..<3 { #expect(try stores.read(key) == [1, 2, 3]) }
        #expect(server.requests.count == 1)
    }

    /// As in other S3 clients, the environment sets the number of tries.
    @Test func `the environment limits the tries`() throws {
        let server = try ScriptedServer { _, _ in Self.error(500, "InternalError") }
        for (variables, tries) in [([:], 3), (["AWS_MAX_ATTEMPTS": "2"], 2)] as [([String: String], Int)] {
            let before = server.requests.count
            let store = try store(server, variables: variables)
            #expect(reason { _ = try store.head(key) } == .unreachable)
            #expect(server.requests.count - before == tries)
        }
        #expect(throws: ObjectStoreError.self) { try store(server, variables: ["AWS_MAX_ATTEMPTS": "many"]) }
    }

    private func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
        do { try body() } catch { return (error as? ObjectStoreError)?.reason }
        return nil
    }

    @Test func `every try is counted with its bytes, and an absent object is an answer`() throws {
        let server = try ScriptedServer([
            Self.error(503, "ServiceUnavailable"), .reply(.response(200, [("ETag", "\"e\"")], "hello")),
            .reply(.response(404)), .reply(.response(200, [("ETag", "\"e\"")])), .reset, .reset, .reset,
        ])
        let use = StoreUse()
        let store = try store(server) { $0.use = use }
        #expect(try store.read(key) == Array("hello".utf8))
        #expect(try store.head(key) == nil)
        #expect(use.reading.isUp == true)
        _ = try store.put(key, [1, 2, 3], options: PutOptions(.none))
        #expect(reason { _ = try store.head(key) } == .unreachable)
        let reading = use.reading
        #expect(reading.successes == [.get: 1, .head: 1, .put: 1] && reading.errors == [.get: 1, .head: 3])
        #expect(reading.retries == 3 && reading.received == 5 && reading.sent == 3)
        #expect(reading.durations.keys.count == 3 && reading.isUp == false)
    }

    // MARK: - Requests

    @Test func `a put as it goes over the wire`() throws {
        let server = try ScriptedServer([.reply(.response(200, [("ETag", "\"e\"")]))])
        let store = try store(server) {
            $0.encryption = .kms(keyID: "key-1")
            $0.storageClass = "STANDARD_IA"
        }
        let lock = PutOptions.Lock(mode: .compliance, until: 1_440_938_160)
        let info = try store.put(key, [UInt8]("x".utf8), options: PutOptions(.none, lock: lock))
        #expect(info.tag == "\"e\"" && info.size == 1)
        let request = try #require(server.requests.first)
        #expect(request.firstLine == "PUT /bucket/pre/fix/a/key HTTP/1.1")
        #expect(request["host"] == "127.0.0.1:\(server.port)")
        #expect(request["x-amz-date"] == "20261123T020000Z")
        let hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        #expect(request["x-amz-content-sha256"] == hash)
        #expect(request["x-amz-checksum-sha256"] == "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=")
        #expect(request["x-amz-server-side-encryption"] == "aws:kms")
        #expect(request["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1")
        #expect(request["x-amz-storage-class"] == "STANDARD_IA")
        #expect(request["x-amz-object-lock-mode"] == "COMPLIANCE")
        #expect(request["x-amz-object-lock-retain-until-date"] == "2015-08-30T12:36:00Z")
        #expect(request["if-none-match"] == nil)
        let headers = request.headers.filter { $0.name.lowercased().hasPrefix("x-amz-") || $0.name == "Host" }
        let expected = SigV4(
            S3Credentials(accessKeyID: "ID", secretAccessKey: "hushhush"), region: "us-east-1"
        ).authorization(
            .init("PUT", "/bucket/pre/fix/a/key", headers: headers, payloadHash: hash), now: Self.now)
        #expect(request["authorization"] == expected)
    }

    @Test func `a write that must be first looks, asks and looks again`() throws {
        let id = Mutex("")
        let server = try ScriptedServer { request, index in
            if request.method == "PUT" { id.withLock { $0 = request["x-amz-meta-dr-write"] ?? "" } }
            return switch index {
            case 0: .reply(.response(404))
            case 1: .reply(.response(200))
            default: .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-amz-meta-dr-write: \(id.withLock { $0 })\r\n\r\n")
            }
        }
        _ = try store(server).put(key, [1, 2], options: PutOptions())
        #expect(server.requests.map(\.method) == ["HEAD", "PUT", "HEAD"])
        #expect(server.requests[1]["if-none-match"] == "*")
        #expect(id.withLock { $0.count } == 32)
    }

    @Test func `another writer was faster on a server without conditions`() throws {
        let server = try ScriptedServer([
            .reply(.response(404)), .reply(.response(200)),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-amz-meta-dr-write: other\r\n\r\n"),
        ])
        #expect(reason { _ = try store(server).put(key, [1, 2], options: PutOptions()) } == .alreadyExists)
    }

    @Test(arguments: [true, false]) func `a condition that fails may be our own lost answer`(_ isOwn: Bool) throws {
        let id = Mutex("")
        let server = try ScriptedServer { request, index in
            if request.method == "PUT" { id.withLock { $0 = request["x-amz-meta-dr-write"] ?? "" } }
            return switch index {
            case 0: .reply(.response(404))
            case 1: .reset
            case 2: Self.error(412, "PreconditionFailed")
            default:
                .raw(
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: t\r\nx-amz-meta-dr-write: "
                        + (isOwn ? id.withLock { $0 } : "other") + "\r\n\r\n")
            }
        }
        let store = try store(server)
        if isOwn {
            #expect(try store.put(key, [1], options: PutOptions()).tag == "t")
        } else {
            #expect(reason { _ = try store.put(key, [1], options: PutOptions()) } == .alreadyExists)
        }
        #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT", "HEAD"])
    }

    @Test func `a server that does not know the condition`() throws {
        let server = try ScriptedServer([
            .reply(.response(404)), Self.error(501, "NotImplemented"), .reply(.response(200)), .reply(.response(404)),
        ])
        _ = try store(server).put(key, [1], options: PutOptions())
        #expect(server.requests.map { $0["if-none-match"] } == [nil, "*", nil, nil])
    }

    // MARK: - Errors

    static let final: [(Int, String, ObjectStoreError.Reason)] = [
        (403, "AccessDenied", .denied), (403, "InvalidAccessKeyId", .credentials),
        (403, "SignatureDoesNotMatch", .credentials),
        (404, "NoSuchBucket", .noSuchStore), (404, "NoSuchKey", .notFound), (403, "InvalidObjectState", .archived),
        (416, "InvalidRange", .invalidRange), (400, "InvalidArgument", .other), (501, "NotImplemented", .unsupported),
        (507, "XMinioStorageFull", .noSpace), (400, "EntityTooLarge", .tooLarge), (400, "InvalidToken", .credentials),
        (507, "Whatever", .noSpace), (403, "QuotaExceeded", .noSpace),
        (400, "XMinioAdminBucketQuotaExceeded", .noSpace),
        (403, "storage_cap_exceeded", .noSpace), (413, "Whatever", .tooLarge),
    ]

    @Test(arguments: final)
    func `permanent errors are not retried`(status: Int, code: String, expected: ObjectStoreError.Reason) throws {
        let server = try ScriptedServer([Self.error(status, code)])
        #expect(reason { _ = try store(server).get(key, range: 0..<1) { _ in } } == expected)
        #expect(server.requests.count == 1)
    }

    static let transient: [(Int, String, ObjectStoreError.Reason)] = [
        (500, "InternalError", .unreachable), (503, "SlowDown", .throttled), (503, "ServiceUnavailable", .throttled),
        (429, "TooManyRequests", .throttled), (400, "RequestTimeout", .unreachable), (400, "BadDigest", .unreachable),
        (409, "OperationAborted", .unreachable), (502, "", .unreachable), (504, "", .unreachable),
        (400, "IncompleteBody", .unreachable), (400, "XAmzContentSHA256Mismatch", .unreachable),
    ]

    @Test(arguments: transient)
    func `transient errors are retried`(status: Int, code: String, expected: ObjectStoreError.Reason) throws {
        let bad = code.isEmpty ? ScriptedServer.Act.reply(.response(status, [], "<html>")) : Self.error(status, code)
        let server = try ScriptedServer([bad, bad, .reply(.response(200))])
        _ = try store(server).put(key, [7], options: PutOptions(.none))
        #expect(server.requests.map(\.body) == [[7], [7], [7]])
        let hopeless = try ScriptedServer([bad, bad, bad, bad])
        #expect(reason { _ = try store(hopeless).put(key, [7], options: PutOptions(.none)) } == expected)
        #expect(hopeless.requests.count == 3)
    }

    @Test func `secrets and signatures are in no message`() throws {
        let server = try ScriptedServer([
            Self.error(403, "SignatureDoesNotMatch", more: "<StringToSign>AWS4</StringToSign>")
        ])
        let error = #expect(throws: ObjectStoreError.self) {
            try store(server).put(key, [1], options: PutOptions(.none))
        }
        let text = try #require(error?.description)
        #expect(text.contains("put 'a/key' in s3://bucket/pre/fix"))
        #expect(!text.contains("hushhush") && !text.contains("Signature=") && !text.contains("AWS4"))
    }

    // MARK: - Remedies

    @Test func `a clock that is wrong`() throws {
        let date = "Mon, 23 Nov 2026 03:00:00 GMT"  // an hour ahead
        let server = try ScriptedServer([
            Self.error(403, "RequestTimeTooSkewed", headers: [("Date", date)]), .reply(.response(200)),
            .reply(.response(200)),
        ])
        let store = try store(server)
        for _ in 0..<2 { _ = try store.put(key, [1], options: PutOptions(.none)) }
        #expect(
            server.requests.map { $0["x-amz-date"] } == ["20261123T020000Z", "20261123T030000Z", "20261123T030000Z"])
    }

    @Test func `a HEAD request corrects a wrong clock and is retried`() throws {
        let server = try ScriptedServer([
            .raw("HTTP/1.1 403 Forbidden\r\nDate: Mon, 23 Nov 2026 01:00:00 GMT\r\n\r\n"), .reply(.response(404)),
        ])
        #expect(try store(server).head(key) == nil)
        #expect(server.requests.map { $0["x-amz-date"] } == ["20261123T020000Z", "20261123T010000Z"])
    }

    @Test func `a HEAD that hides its reason`() throws {
        let server = try ScriptedServer([
            .raw("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), Self.error(400, "ExpiredToken"),
            .reply(.response(404)),
            .reply(.response(404)),
        ])
        #expect(try store(server).head(key) == nil)
        #expect(server.requests.map(\.method) == ["HEAD", "GET", "GET", "HEAD"])
    }

    static let elsewhere: [ScriptedServer.Act] = [
        error(400, "AuthorizationHeaderMalformed", more: "<Region>eu-central-1</Region>"),
        error(301, "PermanentRedirect", headers: [("x-amz-bucket-region", "eu-central-1")]),
        error(
            307, "TemporaryRedirect",
            headers: [("x-amz-bucket-region", "eu-central-1"), ("Location", "http://127.0.0.1:1/")]),
        error(400, "IllegalLocationConstraintException", headers: [("x-amz-bucket-region", "eu-central-1")]),
    ]

    @Test(arguments: elsewhere) func `a bucket in another region`(_ answer: ScriptedServer.Act) throws {
        let server = try ScriptedServer([answer, .reply(.response(200)), .reply(.response(200))])
        let store = try store(server)
        for _ in 0..<2 { _ = try store.put(key, [1], options: PutOptions(.none)) }
        let regions = server.requests.map { $0["authorization"]?.split(separator: "/")[2] }
        #expect(regions == ["us-east-1", "eu-central-1", "eu-central-1"])
    }

    @Test func `a region that only the bucket itself tells`() throws {
        let server = try ScriptedServer([
            Self.error(301, "PermanentRedirect"), .raw("HTTP/1.1 301 M\r\nx-amz-bucket-region: ap-south-1\r\n\r\n"),
            .reply(.response(200)),
        ])
        _ = try store(server).put(key, [1], options: PutOptions(.none))
        #expect(server.requests[1].firstLine == "HEAD /bucket HTTP/1.1")
        #expect(server.requests[2]["authorization"]?.contains("/ap-south-1/s3/") == true)
    }

    @Test func `expired credentials are requested again`() throws {
        let metadata = try ScriptedServer { _, index in
            .reply(
                .response(
                    200, [], "{\"AccessKeyId\": \"KEY\(index)\", \"SecretAccessKey\": \"s\", \"Token\": \"T\(index)\"}")
            )
        }
        let server = try ScriptedServer([Self.error(400, "ExpiredToken"), .reply(.response(200))])
        var configuration = S3Configuration(bucket: "bucket", endpoint: server.url)
        configuration.retry = RetryPolicy(attempts: 3, base: .milliseconds(1))
        let environment = AWSEnvironment(
            variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.url], home: "/nonexistent", now: { Self.now })
        let store = try S3Store(configuration, environment: environment, logger: Logger(label: "test"))
        _ = try store.put(key, [1], options: PutOptions(.none))
        #expect(server.requests.map { $0["x-amz-security-token"] } == ["T0", "T1"])
        #expect(server.requests[1]["authorization"]?.contains("x-amz-security-token") == true)
    }

    // MARK: - Reading

    private static func part(_ range: String, of body: String, _ headers: [(name: String, value: String)] = [])
        -> HTTPMessage
    {
        .response(
            206, [("Content-Range", "bytes \(range)/10"), ("ETag", "\"e1\""), ("Last-Modified", "then")] + headers, body
        )
    }

    @Test func `an interrupted download resumes where it stopped`() throws {
        let whole = HTTPMessage.response(200, [("ETag", "\"e1\""), ("Last-Modified", "then")], "0123456789")
        let server = try ScriptedServer([
            .cut(whole, after: 4), .stall(Self.part("4-9", of: "456789"), after: 2), Self.error(503, "SlowDown"),
            .reply(Self.part("6-9", of: "6789")),
        ])
        var text = ""
        // So little progress does not reset the count of tries; the stalled one counts twice.
        try store(server) {
            $0.retry.attempts = 5
            $0.stallTimeout = Patience.stall
        }.get(key, range: nil) { piece in
            text += piece.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
        #expect(text == "0123456789")
        #expect(server.requests.map { $0["range"] } == [nil, "bytes=4-9", "bytes=6-9", "bytes=6-9"])
        #expect(server.requests.map { $0["if-match"] } == [nil, "\"e1\"", "\"e1\"", "\"e1\""])
    }

    @Test(arguments: ["then", "now"]) func `the object's tag changed on the way`(_ modified: String) throws {
        let whole = HTTPMessage.response(200, [("ETag", "\"wrong\""), ("Last-Modified", "then")], "0123456789")
        let server = try ScriptedServer([
            .cut(whole, after: 4), Self.error(412, "PreconditionFailed"),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"e1\"\r\nLast-Modified: \(modified)\r\n\r\n"),
            .reply(Self.part("4-9", of: "456789")),
        ])
        var count = 0
        let store = try store(server)
        let failure = reason { try store.get(key, range: nil) { count += $0.byteCount } }
        #expect(failure == (modified == "then" ? nil : .other))
        #expect(count == (modified == "then" ? 10 : 4))
    }

    /// As by `dr tier`. A gateway that sends a wrong tag now and then gives the same time.
    @Test(arguments: ["then", "now"]) func `the object is replaced between two pieces`(_ modified: String) throws {
        let server = try ScriptedServer { request, _ in
            switch request["range"] {
            case "bytes=0-3": .reply(Self.part("0-3", of: "0123"))
            case "bytes=4-7": .reply(Self.part("4-7", of: "4567"))
            default:
                .reply(
                    .response(
                        206,
                        [("Content-Range", "bytes 8-9/10"), ("ETag", "\"e2\""), ("Last-Modified", modified)], "89"))
            }
        }
        var text = ""
        let store = try store(server) { $0.readSize = 4 }
        let failure = reason {
            try store.get(key, range: 0..<10) { piece in
                text += piece.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            }
        }
        #expect(failure == (modified == "then" ? nil : .truncated))
        #expect(text == (modified == "then" ? "0123456789" : "01234567"))
        #expect(server.requests.count == 3)
    }

    @Test func `a server that cannot continue`() throws {
        let whole = HTTPMessage.response(200, [], "0123456789")
        let server = try ScriptedServer([.cut(whole, after: 4), .reply(whole)])
        #expect(reason { try store(server).get(key, range: nil) { _ in } } == .unsupported)
    }

    // MARK: - Listing and deleting

    @Test func `folders that a server lists out of order`() throws {
        // In the order of path names: "a" before "a-b", whose keys come first in the order of bytes.
        @Sendable func page(_ keys: [String], _ folders: [String], next: String? = nil) -> ScriptedServer.Act {
            let contents = keys.map { "<Contents><Key>pre/fix/\($0)</Key><Size>1</Size></Contents>" }.joined()
            let prefixes = folders.map { "<CommonPrefixes><Prefix>pre/fix/\($0)</Prefix></CommonPrefixes>" }.joined()
            let more =
                next.map { "<IsTruncated>true</IsTruncated><NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
            return .reply(.response(200, [], "<ListBucketResult>\(contents)\(prefixes)\(more)</ListBucketResult>"))
        }
        let server = try ScriptedServer { request, _ in
            switch (request.target.contains("fix%2Fa%2F"), request.target.contains("continuation-token=t%2F1")) {
            case (true, _): page(["a/x"], [])
            case (false, false): page([], ["a/"], next: "t/1")
            case (false, true): page(["a-b", "a.c", "a0"], [])
            }
        }
        var keys: [String] = []
        try store(server).list(prefix: "", after: nil) { info in
            keys.append(info.key.text)
            return .proceed
        }
        #expect(keys == ["a-b", "a.c", "a/x", "a0"])
    }

    @Test func `keys that a batch could not delete`() throws {
        let answer = """
            <DeleteResult><Error><Key>pre/fix/locked</Key><Code>AccessDenied</Code><Message>object is WORM protected</Message>
            </Error><Error><Key>pre/fix/busy</Key><Code>InternalError</Code></Error></DeleteResult>
            """
        let server = try ScriptedServer([
            .reply(.response(200, [], answer)), .reply(.response(200, [], "<DeleteResult></DeleteResult>")),
        ])
        let refused = try store(server).delete(["gone", "locked", "busy"].map { ObjectKey(trusted: $0) })
        #expect(refused.map(\.key?.text) == ["locked"] && refused.first?.reason == .locked)
        #expect(server.requests.count == 2)
        let second = String(decoding: server.requests[1].body, as: UTF8.self)
        #expect(second.contains("<Key>pre/fix/busy</Key>") && !second.contains("locked"))
        #expect(server.requests[0]["x-amz-checksum-sha256"] != nil)
    }

    @Test(arguments: [(501, "NotImplemented"), (400, "InvalidRequest"), (405, "MethodNotAllowed")])
    func `a server without batches`(_ status: Int, _ code: String) throws {
        let server = try ScriptedServer { request, _ in
            request.method == "POST" ? Self.error(status, code) : .reply(.response(204))
        }
        let store = try store(server)
        #expect(try store.delete([key, ObjectKey(trusted: "b")]) == [])
        #expect(try store.delete([key, ObjectKey(trusted: "b")]) == [])
        #expect(server.requests.map(\.method) == ["POST", "DELETE", "DELETE", "DELETE", "DELETE"])
    }

    // MARK: - Servers that keep no metadata

    /// After a put whose answer was lost: the stored object, and the result of the put. libcurl replaces a kept
    /// connection that was reset by itself; an answer that is cut off is an error.
    @Test(
        arguments: [("x", true), ("y", false)],
        [ScriptedServer.Act.reset, .cut(.response(200, [], "0123456789"), after: 3)])
    func `a lost answer is known by the content`(_ written: (String, Bool), _ loss: ScriptedServer.Act) throws {
        let (stored, isOwn) = written
        let server = try ScriptedServer([
            .reply(.response(404)), loss, Self.error(412, "PreconditionFailed"),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: \"other\"\r\n\r\n"),
            .reply(.response(206, [("Content-Range", "bytes 0-0/1")], stored)),
        ])
        let failure = reason { _ = try store(server).put(key, [UInt8]("x".utf8), options: PutOptions()) }
        #expect(failure == (isOwn ? nil : .alreadyExists))
        #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT", "HEAD", "GET"])
    }

    @Test func `a key that was taken before is not taken for our own by its content`() throws {
        let server = try ScriptedServer([
            .reply(.response(404)), Self.error(412, "PreconditionFailed"),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"),
        ])
        #expect(reason { _ = try store(server).put(key, [1], options: PutOptions()) } == .alreadyExists)
        #expect(server.requests.map(\.method) == ["HEAD", "PUT", "HEAD"], "no object is read")
    }

    @Test(arguments: [("x", true), ("y", false)])
    func `a write is read back where its tag is not kept`(_ stored: String, _ isOwn: Bool) throws {
        let server = try ScriptedServer([
            .reply(.response(404)), .reply(.response(200, [("ETag", "\"of the write\"")])),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: \"of the object\"\r\n\r\n"),
            .reply(.response(206, [("Content-Range", "bytes 0-0/1")], stored)),
        ])
        let failure = reason { _ = try store(server).put(key, [UInt8]("x".utf8), options: PutOptions()) }
        #expect(failure == (isOwn ? nil : .alreadyExists))
    }

    // MARK: - Documents

    @Test(arguments: ["R&D", "a<b>\"c\"'d'", "x&\u{301}"])
    func `keys in a request document are escaped`(_ prefix: String) throws {
        let server = try ScriptedServer([.reply(.response(200, [], "<DeleteResult></DeleteResult>"))])
        let store = try store(server) { $0.prefix = prefix }
        #expect(try store.delete(["a", "b"].map { ObjectKey(trusted: $0) }) == [])
        let document = try #require(XMLElement.parse(server.requests[0].body))
        #expect(document.all("Object").map { $0.value("Key") } == ["\(prefix)/a", "\(prefix)/b"])
    }

    @Test(arguments: ["bell\u{7}", "\u{1b}[2J", "\u{fffe}"])
    func `keys that no document can hold are deleted one by one`(_ prefix: String) throws {
        let server = try ScriptedServer { _, _ in .reply(.response(204)) }
        let store = try store(server) { $0.prefix = prefix }
        #expect(try store.delete(["a", "b"].map { ObjectKey(trusted: $0) }) == [])
        #expect(server.requests.map(\.method) == ["DELETE", "DELETE"])
    }

    @Test(arguments: ["pre/fix/another", ""])
    func `an error for a key of another spelling makes it ask for each`(_ named: String) throws {
        let answer =
            "<DeleteResult><Error><Key>\(named)</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>"
        let server = try ScriptedServer { request, _ in
            if request.method == "POST" { return .reply(.response(200, [], answer)) }
            return request.target.hasSuffix("/b") ? Self.error(403, "AccessDenied") : .reply(.response(204))
        }
        let refused = try store(server).delete(["a", "b"].map { ObjectKey(trusted: $0) })
        #expect(refused.map(\.key?.text) == ["b"])
        #expect(server.requests.map(\.method) == ["POST", "DELETE", "DELETE"])
    }

    @Test func `a server that finds the document malformed is asked for each key`() throws {
        let server = try ScriptedServer { request, _ in
            request.method == "POST" ? Self.error(400, "MalformedXML") : .reply(.response(204))
        }
        #expect(try store(server).delete([key, ObjectKey(trusted: "b")]) == [])
        #expect(server.requests.map(\.method) == ["POST", "DELETE", "DELETE"])
    }

    // MARK: - Answers without end

    /// - Parameter content: of a listing, beside the marker for more entries.
    private static func endless(_ content: String, _ token: String?) -> ScriptedServer.Act {
        let next = token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        return .reply(
            .response(
                200, [], "<ListBucketResult>\(content)<IsTruncated>true</IsTruncated>\(next)</ListBucketResult>"))
    }

    static let tokens: [@Sendable (Int) -> String?] = [{ _ in "same" }, { "\($0 % 2)" }, { _ in nil }, { _ in "" }]

    @Test(.timeLimit(.minutes(10)), arguments: tokens.indices)
    func `an endless listing fails`(_ kind: Int) throws {
        let token = Self.tokens[kind]
        let server = try ScriptedServer { _, index in
            Self.endless("<Contents><Key>pre/fix/k\(index)</Key><Size>1</Size></Contents>", token(index))
        }
        var keys = 0
        let store = try store(server)
        let failure = #expect(throws: ObjectStoreError.self) {
            try store.list(prefix: "", after: nil) { _ in
                keys += 1
                return .proceed
            }
        }
        #expect(failure?.detail.contains("EndlessListing") == true, "a partial listing must not count as complete")
        #expect(keys <= 3)
    }

    @Test(.timeLimit(.minutes(10))) func `an endless list of uploads fails`() throws {
        let server = try ScriptedServer { _, _ in
            .reply(
                .response(
                    200, [],
                    "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
                        + "<NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>"))
        }
        #expect(throws: ObjectStoreError.self) { try store(server).unfinishedUploads { _ in } }
    }

    @Test(.timeLimit(.minutes(10))) func `a folder that is its own child leads in no circle`() throws {
        let server = try ScriptedServer { _, _ in
            .reply(
                .response(
                    200, [],
                    "<ListBucketResult><Contents><Key>pre/fix/b</Key><Size>1</Size></Contents><CommonPrefixes><Prefix>"
                        + "pre/fix/a/</Prefix></CommonPrefixes></ListBucketResult>"))
        }
        var keys: [String] = []
        try store(server).list(prefix: "", after: nil) { info in
            keys.append(info.key.text)
            return .proceed
        }
        #expect(keys == ["b"] && server.requests.count == 2)
    }

    @Test(arguments: ["-1", "9223372036854775807", "many"])
    func `a size that no object has is refused`(_ size: String) throws {
        let server = try ScriptedServer { _, _ in
            .reply(
                .response(
                    200, [],
                    "<ListBucketResult><Contents><Key>pre/fix/a</Key><Size>\(size)</Size></Contents></ListBucketResult>"
                ))
        }
        #expect(reason { try store(server).list(prefix: "", after: nil) { _ in .proceed } } == .other)
    }

    @Test(.timeLimit(.minutes(10))) func `a document that is too long is refused`() throws {
        let megabyte = String(repeating: "<a></a>", count: 150_000)
        let server = try ScriptedServer { _, _ in
            .drip("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<ListBucketResult>", megabyte, every: .zero)
        }
        let failure = #expect(throws: ObjectStoreError.self) {
            try store(server).list(prefix: "", after: nil) { _ in .proceed }
        }
        #expect(failure?.detail.contains("AnswerTooLong") == true)
    }

    @Test(.timeLimit(.minutes(10))) func `a server that hands out an object byte by byte is not asked for ever`() throws
    {
        let server = try ScriptedServer { request, _ in
            let start = request["range"]?.dropFirst(6).split(separator: "-").first.flatMap { Int($0) } ?? 0
            return .cut(
                .response(
                    206, [("Content-Range", "bytes \(start)-99999/100000"), ("ETag", "\"e\"")],
                    String(repeating: "x", count: 100_000 - start)), after: 1)
        }
        #expect(reason { try store(server).get(key, range: nil) { _ in } } != nil)
        #expect(server.requests.count <= 4)
    }

    // MARK: - Hints

    private func failure(_ act: ScriptedServer.Act) throws -> ObjectStoreError {
        let server = try ScriptedServer([act, act, act])
        return try #require(
            #expect(throws: ObjectStoreError.self) { try store(server).put(key, [1], options: PutOptions(.none)) })
    }

    @Test(arguments: [301, 302, 307, 308])
    func `the error for a redirection names its destination`(_ status: Int) throws {
        let error = try failure(
            .reply(
                .response(status, [("Location", "https://store.example:9000/bucket/pre?sig=1")], "<html>moved</html>")))
        #expect(error.reason == .unreachable && !error.description.contains("region"))
        #expect(error.detail.contains("redirects to 'https://store.example:9000/bucket/pre'"), "\(error)")
        #expect(error.hint?.contains("https://store.example:9000") == true && !error.description.contains("sig=1"))
        let page = try failure(.reply(.response(status, [("Location", "/login")])))
        #expect(page.hint?.contains("web page") == true)
    }

    @Test func `a body limit of a proxy is explained`() throws {
        let page = "<html>\r\n<head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>"
        let error = try failure(.reply(.response(413, [], page)))
        #expect(error.reason == .tooLarge && error.detail.contains("413 Request Entity Too Large (status 413)"))
        #expect(error.hint?.contains("client_max_body_size") == true && error.hint?.contains("part_size") == true)
    }

    @Test(arguments: [
        ("Client sent an HTTP request to an HTTPS server.\n", "Client sent an HTTP request to an HTTPS server."),
        ("<title>a\u{1b}[2Jb\n  c</title>", "a [2Jb c"), ("<html>", "status 400"), ("", "status 400"),
        (String(repeating: "x", count: 4000), String(repeating: "x", count: 500) + "…"),
    ])
    func `the error for a response that is not from S3 shows its first words`(_ body: String, _ words: String) throws {
        let error = try failure(.reply(.response(400, [], body)))
        #expect(error.detail == "HTTP400: \(words) (status 400)")
    }
}
