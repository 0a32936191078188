import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Synchronization
import Testing

@testable import Bucket

/// Buckets whose servers answer what no server should.
@Suite struct HostileBucketTests {
    /// A server with a listing, which answers each object by its key.
    private struct Site {
        let server: ScriptedServer
        let folder: TemporaryFolder

        /// - Parameters:
        ///   - entries: the parts of each entry of the listing after the key and the size.
        ///   - isListed: asked before each listing; false to answer with an error.
        init(
            _ entries: [String: String],
            answer: @escaping @Sendable (_ method: String, _ key: String) -> ScriptedServer.Act = { _, _ in Site.found
            },
            isListed: @escaping @Sendable () -> Bool = { true }
        ) throws {
            folder = try TemporaryFolder("hostile")
            server = try ScriptedServer { request, _ in
                guard request.target.contains("list-type") else {
                    return answer(request.method, String(request.target.dropFirst("/bucket/".count)))
                }
                guard isListed() else { return .reply(.response(500)) }
                let isIndex = request.target.contains("prefix=index")
                let objects = entries.sorted { $0.key < $1.key }.filter { !isIndex || $0.key.hasPrefix("index/") }.map {
                    "<Contents><Key>\($0.key)</Key><Size>1</Size>\($0.value)</Contents>"
                }
                return .reply(.response(200, [], "<ListBucketResult>\(objects.joined())</ListBucketResult>"))
            }
        }

        static let found = ScriptedServer.Act.reply(.response(200, [("ETag", "\"t\"")], "x"))

        func bucket() throws -> S3Bucket {
            var configuration = S3Configuration(bucket: "bucket", endpoint: server.url)
            configuration.region = "us-east-1"
            configuration.addressing = .path
            configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
            configuration.retry = RetryPolicy(attempts: 2, base: .milliseconds(1))
            return try S3Bucket(
                configuration,
                environment: AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 }),
                logger: Logger(label: "test"))
        }

        func source(_ profile: BucketProfile = .plain, exclusions: [String] = []) throws -> BucketSource {
            BucketSource(
                try bucket(), url: "s3://bucket", layout: BucketLayout(profile), exclusions: exclusions,
                pool: BucketSite.pool, now: { 1_795_399_200_000 })
        }

        func capture(_ profile: BucketProfile = .plain) async throws -> any Capture {
            try await source(profile).capture(
                CaptureContext(run: "run", state: folder.path, logger: Logger(label: "test")))
        }
    }

    private static let tag = "<ETag>&quot;t&quot;</ETag>"

    private static func records(_ capture: any Capture) async throws -> [FileRecord] {
        let tree = try #require(capture.objects)
        return try await BucketSite.pool.run {
            var records: [FileRecord] = []
            try tree.walk { if $0.kind == .file { records.append($0) } }
            return records
        }
    }

    /// The ends of one reading of each object, by its path.
    private static func read(_ capture: any Capture) async throws -> [String: String] {
        let tree = try #require(capture.objects)
        let records = try await Self.records(capture)
        return try await BucketSite.pool.run {
            var ends: [String: String] = [:]
            for record in records {
                ends[record.name] =
                    switch try tree.read(record, { _ in }) {
                    case .whole: "whole"
                    case .changed: "changed"
                    case .vanished: "vanished"
                    case .unreadable: "unreadable"
                    }
            }
            return ends
        }
    }

    /// What a server answers for an object of one byte, with the end of its reading.
    private static let answers: [(answer: ScriptedServer.Act, end: String)] = [
        (.reply(.response(500)), "unreadable"), (.reply(.response(503)), "unreadable"), (.reset, "unreadable"),
        (.raw("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: 1\r\n\r\n"), "unreadable"),
        (.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"), "unreadable"),
        (.reply(.response(403)), "unreadable"), (.reply(.response(404)), "vanished"),
        (.reply(.response(412)), "changed"), (.reply(.response(416)), "changed"),
        (.reply(.response(200, [("ETag", "\"t\"")], "xxxxx")), "changed"),
        (.reply(.response(200, [("ETag", "\"u\"")], "x")), "changed"),
        (.raw("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "unreadable"),
        (
            .raw("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"),
            "changed"
        ),
    ]

    @Test(arguments: 0..<answers.count)
    func `an object with a strange answer is named, and the others are read`(number: Int) async throws {
        let (answer, end) = Self.answers[number]
        let site = try Site(["a": Self.tag, "bad": Self.tag, "c": Self.tag]) { method, key in
            method == "GET" && key == "bad" ? answer : Site.found
        }
        let ends = try await Self.read(try await site.capture())
        #expect(ends == ["a": "whole", "bad": end, "c": "whole"])
    }

    @Test func `a bucket that does not answer any more ends the backup`() async throws {
        let isListed = Listed()
        let site = try Site(
            ["a": Self.tag], answer: { _, _ in .reply(.response(500)) }, isListed: { isListed.value.withLock { $0 } })
        let capture = try await site.capture()
        isListed.value.withLock { $0 = false }
        await #expect(throws: ComponentError.self) { try await Self.read(capture) }
    }

    @Test func `a bucket in which very many objects fail ends the backup`() async throws {
        let entries = Dictionary((0..<40).map { ("\($0)", Self.tag) }) { $1 }
        let site = try Site(entries) { _, _ in .reply(.response(500)) }
        let capture = try await site.capture()
        let error = await #expect(throws: ComponentError.self) { try await Self.read(capture) }
        let start = "21 objects cannot be read while the bucket answers, the first ones are '0', '1', '10': "
        #expect(error?.detail.hasPrefix(start) == true, "\(error?.detail ?? "")")
        #expect(error?.hint?.contains("`exclude:`") == true)
    }

    private final class Listed: Sendable {
        let value = Mutex(true)
    }

    @Test func `an object that cannot be looked at again keeps its record`() async throws {
        let site = try Site(["a": Self.tag]) { method, _ in .reply(.response(method == "HEAD" ? 403 : 404)) }
        let capture = try await site.capture()
        let record = try #require(try await Self.records(capture).first)
        let tree = try #require(capture.objects)
        let now = try await BucketSite.pool.run { try tree.look(at: record.path) }
        #expect(now == record)
    }

    @Test func `a bucket that refuses more objects than a manifest can name ends the backup`() throws {
        let bucket = try Site([:]).bucket()
        let failures = ObjectFailures(mostRefused: 2)
        let error = ObjectStoreError(.denied, operation: "get", key: nil, "no", store: "s3://bucket")
        #expect(try failures.isOfObjectAlone(error, BucketKey("a"), in: bucket))
        #expect(try failures.isOfObjectAlone(error, BucketKey("b"), in: bucket))
        let end = #expect(throws: ComponentError.self) {
            try failures.isOfObjectAlone(error, BucketKey("c"), in: bucket)
        }
        #expect(end?.detail.hasPrefix("3 objects cannot be read") == true)
        #expect(end?.detail.contains("'a', 'b', 'c'") == true)
    }

    @Test(arguments: [ObjectStoreError.Reason.denied, .throttled])
    func `an object that fails in each of several readings counts once`(_ reason: ObjectStoreError.Reason) throws {
        let site = try Site(["a": Self.tag])
        let bucket = try site.bucket()
        let failures = ObjectFailures(mostRefused: 20)
        let error = ObjectStoreError(reason, operation: "get", key: nil, "no", store: "s3://bucket")
        for _ in 0..<3 {
            for number in 0..<11 {
                #expect(try failures.isOfObjectAlone(error, BucketKey("\(number)"), in: bucket))
            }
        }
        #expect(site.server.requests.count == (reason == .denied ? 0 : 33), "a refusal is an answer")
    }

    @Test(arguments: [403, 500])
    func `an index file that cannot be read is named, and the others are in the set`(status: Int) async throws {
        let site = try Site(["index/a": Self.tag, "index/b": Self.tag, "chunk": Self.tag]) { _, key in
            key == "index/a" ? .reply(.response(status)) : Site.found
        }
        let capture = try await site.capture(.loki)
        #expect(capture.damage.map(\.path) == ["index/a"])
        #expect(try await Self.records(capture).map(\.name) == ["chunk", "index/b"])
    }

    @Test func `an index of which very many files fail ends the backup`() async throws {
        let entries = Dictionary((0..<40).map { ("index/\($0)", Self.tag) }) { $1 }
        let site = try Site(entries) { _, _ in .reply(.response(500)) }
        await #expect(throws: ComponentError.self) { try await site.capture(.loki) }
    }

    @Test func `an index file that is lost together with its copy on this machine is named`() async throws {
        let isThere = Listed()
        let site = try Site(["index/a": Self.tag, "index/b": Self.tag]) { _, key in
            key == "index/a" && !isThere.value.withLock { $0 } ? .reply(.response(404)) : Site.found
        }
        let capture = try await site.capture(.loki)
        try FileManager.default.removeItem(atPath: "\(site.folder.path)/early")
        isThere.value.withLock { $0 = false }
        #expect(try await Self.read(capture) == ["index/a": "unreadable", "index/b": "whole"])
    }

    @Test(arguments: [
        "", "<ETag></ETag>", "<LastModified>yesterday</LastModified>", "<ETag>a&#13;&#10;x-evil: b</ETag>",
        "<ETag>&quot;</ETag>", "<LastModified></LastModified><ETag>\"\"</ETag>",
    ])
    func `an object without a version is read, by every backup`(entry: String) async throws {
        let site = try Site(["a": entry])
        let (first, second) = (try await site.capture(), try await site.capture())
        #expect(try await Self.read(first) == ["a": "whole"])
        #expect(try await Self.records(first) != Self.records(second))
        #expect(!site.server.requests.contains { $0["x-evil"] != nil || $0["if-match"] != nil })
    }

    @Test(arguments: [(403, .failed), (500, .failed), (418, .warning), (404, .ok)] as [(Int, Diagnosis.Verdict)])
    func `a bucket that can be listed and not read is found before the backup`(
        status: Int, verdict: Diagnosis.Verdict
    ) async throws {
        let site = try Site(["a": Self.tag, "b": Self.tag, "c": Self.tag]) { _, _ in .reply(.response(status)) }
        let found = try await site.source(exclusions: ["a"]).diagnose()
        #expect(found.map(\.verdict) == [.ok, verdict], "\(found)")
        #expect(found.last?.detail.contains("s3:GetObject") == (status == 403))
        let reads = site.server.requests.filter { !$0.target.contains("list-type") }
        #expect(Set(reads.map(\.target)) == ["/bucket/b"] && (status == 500 || reads.count == 1), "\(reads)")
    }

    @Test func `one byte of one object shows that a bucket can be read`() async throws {
        let site = try Site(["a": Self.tag, "b": Self.tag])
        #expect(try await site.source().diagnose().map(\.verdict) == [.ok, .ok])
        let reads = site.server.requests.filter { !$0.target.contains("list-type") }
        #expect(reads.map { $0["range"] } == ["bytes=0-0"])
        let empty = try Site([:])
        #expect(try await empty.source().diagnose().map(\.verdict) == [.ok])
        #expect(empty.server.requests.allSatisfy { $0.target.contains("list-type") })
    }

    @Test(arguments: ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1601-01-01T00:00:00Z"])
    func `an object from another time is read, and unchanged if it stays`(time: String) async throws {
        let site = try Site(["a": "\(Self.tag)<LastModified>\(time)</LastModified>"])
        let (first, second) = (try await site.capture(), try await site.capture())
        #expect(try await Self.read(first) == ["a": "whole"])
        #expect(try await Self.records(first) == Self.records(second))
        #expect((first.watermark ?? 0) <= 1_795_399_200_000)
    }

    @Test func `an object that is there and cannot be read is a conflict, and the others are restored`() async throws {
        let site = try Site(["bad": Self.tag, "c": Self.tag]) { method, key in
            key == "bad" && method == "GET" ? .reply(.response(403)) : Site.found
        }
        let found = Outcomes()
        let bucket = try site.bucket()
        func needs(_ key: String, replaces: Bool) async throws -> Bool {
            let destination = BucketDestination(
                bucket, layout: BucketLayout(.plain), isDryRun: false, replaces: replaces, prefix: "",
                report: { found.add($0) })
            let record = FileRecord(
                path: Array(key.utf8), kind: .file, size: 1, mode: 0o644, uid: 0, gid: 0,
                modified: FileTime(nanoseconds: 0), inode: 0)
            return try await BucketSite.pool.run {
                try destination.list()
                return try destination.needs(record, try #require(StreamHash().digest()))
            }
        }
        #expect(try await !needs("bad", replaces: false))
        #expect(found.list.map(\.outcome) == [.conflict] && found.list[0].detail?.contains("cannot be read") == true)
        #expect(try await needs("bad", replaces: true))
        #expect(try await needs("new", replaces: false))
    }

    private final class Outcomes: Sendable {
        private let objects = Mutex([ImportedObject]())
        func add(_ object: ImportedObject) { objects.withLock { $0.append(object) } }
        var list: [ImportedObject] { objects.withLock { $0 } }
    }
}
