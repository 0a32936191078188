import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import S3
import Synchronization
import Testing

/// Object locks and unfinished uploads against a scripted server: the answers of servers other than the one in the lab.
@Suite final class RetentionTests: Sendable {
    /// A server stops with its last reference.
    private let servers = Mutex<[ScriptedServer]>([])
    private let key = ObjectKey(trusted: "a")
    private let lock = PutOptions.Lock(mode: .compliance, until: 1_795_400_000)

    private func store(
        _ answer: @escaping @Sendable (HTTPMessage) -> ScriptedServer.Act
    ) throws -> (S3Store, ScriptedServer) {
        let server = try ScriptedServer { request, _ in answer(request) }
        servers.withLock { $0.append(server) }
        var configuration = S3Configuration(bucket: "bucket", prefix: "dr", endpoint: server.url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
        configuration.retry = RetryPolicy(attempts: 1, base: .milliseconds(1))
        let environment = AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 })
        return (try S3Store(configuration, environment: environment, logger: Logger(label: "test")), server)
    }

    private static func refusal(_ status: Int, _ code: String, message: String = "m") -> ScriptedServer.Act {
        .reply(.response(status, [], "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"))
    }

    @Test func `requests with a lock carry a checksum`() throws {
        let (store, server) = try store { _ in .reply(.response(200, [("ETag", "\"e\"")])) }
        _ = try store.put(key, [1], options: PutOptions(.none, lock: lock))
        try store.retain(key, lock)
        let requests = server.requests
        #expect(requests.count == 2)
        #expect(requests[0]["x-amz-object-lock-mode"] == "COMPLIANCE")
        #expect(requests[0]["x-amz-object-lock-retain-until-date"] == "2026-11-23T02:13:20Z")
        #expect(requests[0]["x-amz-sdk-checksum-algorithm"] == "SHA256")
        #expect(requests[1].target == "/bucket/dr/a?retention=")
        for request in requests {
            #expect(request["x-amz-checksum-sha256"] != nil && request["x-amz-bypass-governance-retention"] == nil)
        }
        #expect(requests[0]["authorization"]?.contains("x-amz-sdk-checksum-algorithm") == true, "it is signed")
        // Other servers may refuse a field that they do not know.
        _ = try store.put(key, [1], options: PutOptions(.none))
        #expect(server.requests.last?["x-amz-sdk-checksum-algorithm"] == nil)
    }

    @Test func `a lock is read as it is written`() throws {
        let (store, _) = try store { _ in
            .reply(
                .response(
                    200, [],
                    "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2026-11-23T02:13:20.000Z</RetainUntilDate></Retention>"
                ))
        }
        #expect(try store.retention(of: key) == lock)
    }

    @Test(arguments: [200, 403])
    func `a server that does not know the question tells the lock in the fields of the object`(status: Int) throws {
        let (store, _) = try store { [lock] request in
            guard request.method == "HEAD" else {
                return status == 200 ? .reply(.response(200, [], "content")) : Self.refusal(403, "InvalidObjectState")
            }
            return .reply(
                .response(
                    200,
                    [
                        ("x-amz-object-lock-mode", lock.mode.rawValue.uppercased()),
                        ("x-amz-object-lock-retain-until-date", "2026-11-23T02:13:20Z"),
                    ]))
        }
        #expect(try store.retention(of: key) == lock)
    }

    /// It would be lost with the next move of the object, or the object would be deleted.
    @Test(arguments: [("GOVERNANCE", "soon"), ("LEGAL", "2026-11-23T02:13:20Z"), ("COMPLIANCE", "")])
    func `a lock that cannot be read is not taken for none`(mode: String, until: String) throws {
        let fields: [(name: String, value: String)] = [
            ("x-amz-object-lock-mode", mode), ("x-amz-object-lock-retain-until-date", until),
        ]
        let document = "<Retention><Mode>\(mode)</Mode><RetainUntilDate>\(until)</RetainUntilDate></Retention>"
        for isAnswered in [true, false] {
            let (store, _) = try store { request in
                if request.method == "HEAD" { return .reply(.response(200, fields)) }
                return .reply(.response(200, [], isAnswered ? document : "content"))
            }
            #expect { _ = try store.retention(of: key) } throws: { error in
                let error = error as? ObjectStoreError
                return error?.reason == .locked && error?.detail.contains("'\(mode)' until '\(until)'") == true
            }
            // What is not about the lock still works.
            #expect(try store.head(key) != nil)
        }
    }

    @Test func `a server that answers with the object is asked for no lock`() throws {
        let long = String(repeating: "x", count: 17 << 20)
        for content in ["content", long] {
            let (store, server) = try store { request in
                .reply(.response(200, [], request.method == "GET" ? content : ""))
            }
            #expect(try store.retention(of: key) == nil)
            #expect { try store.retain(key, lock) } throws: { ($0 as? ObjectStoreError)?.reason == .unsupported }
            #expect(!server.requests.contains { $0.method == "PUT" }, "it would overwrite the object")
        }
    }

    @Test func `an object without a lock has no retention`() throws {
        let (store, _) = try store { _ in Self.refusal(404, "NoSuchObjectLockConfiguration") }
        #expect(try store.retention(of: key) == nil)
    }

    @Test(arguments: [
        (404, "NoSuchKey", "m", ObjectStoreError.Reason.notFound), (403, "AccessDenied", "m", .denied),
        (400, "InvalidRequest", "Bucket is missing Object Lock Configuration", .unsupported),
        (400, "InvalidRequest", "Bucket is missing ObjectLockConfiguration", .unsupported),
        (400, "InvalidRequest", "Object is WORM protected and cannot be overwritten", .locked),
        (403, "AccessDenied", "Access Denied because object protected by object lock.", .locked),
        (403, "AccessDenied", "forbidden by object lock", .locked),
        (
            403, "AccessDenied",
            "User: u is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::lock-blocks/a\"", .denied
        ),
        (403, "AccessDenied", "public access is blocked", .denied),
        (501, "NotImplemented", "m", .unsupported),
    ])
    func `each refusal maps to its own reason`(
        status: Int, code: String, message: String, reason: ObjectStoreError.Reason
    ) throws {
        let (store, _) = try store { _ in Self.refusal(status, code, message: message) }
        #expect { _ = try store.retention(of: key) } throws: { ($0 as? ObjectStoreError)?.reason == reason }
        #expect { try store.retain(key, lock) } throws: { ($0 as? ObjectStoreError)?.reason == reason }
    }

    @Test func `the default retention of the bucket is reported`() throws {
        let (store, _) = try store { _ in
            .reply(
                .response(
                    200, [],
                    """
                    <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>
                    <Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>
                    """))
        }
        #expect(try store.retentionSupport() == RetentionSupport(isEnabled: true, standard: "GOVERNANCE 30 days"))
    }

    @Test func `a bucket without object lock is not an error, but a refusal is`() throws {
        let (without, _) = try store { _ in Self.refusal(404, "ObjectLockConfigurationNotFoundError") }
        #expect(try without.retentionSupport() == RetentionSupport(isEnabled: false))
        let (denying, _) = try store { _ in Self.refusal(403, "AccessDenied") }
        #expect { _ = try denying.retentionSupport() } throws: { ($0 as? ObjectStoreError)?.reason == .denied }
    }

    /// A second page, and another program's uploads from a server that ignores the prefix.
    @Test func `unfinished uploads are listed to the end`() throws {
        func page(_ uploads: [(String, String)], _ more: String) -> String {
            let list = uploads.map {
                "<Upload><Key>\($0.0)</Key><UploadId>\($0.1)</UploadId><Initiated>2026-11-23T02:13:20Z</Initiated></Upload>"
            }
            return "<ListMultipartUploadsResult>\(list.joined())\(more)</ListMultipartUploadsResult>"
        }
        let first = page(
            [("dr/a", "1"), ("other/b", "2")],
            "<IsTruncated>true</IsTruncated><NextKeyMarker>other/b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
        )
        let second = page([("dr/c", "3")], "<IsTruncated>false</IsTruncated>")
        let (store, server) = try store { request in
            .reply(.response(200, [], request.target.contains("key-marker=") ? second : first))
        }
        var found: [UnfinishedUpload] = []
        try store.unfinishedUploads { found.append($0) }
        #expect(found.map(\.key.text) == ["a", "c"] && found.map(\.id) == ["1", "3"])
        #expect(found.allSatisfy { $0.begun == 1_795_400_000 })
        #expect(server.requests.allSatisfy { $0.target.contains("prefix=dr%2F") })
    }
}
