import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import S3
import Synchronization
import Testing

/// Moves and thaws against a scripted server: the answers of AWS that moto does not give.
@Suite final class TieringProtocolTests: Sendable {
    /// A server stops with its last reference.
    private let servers = Mutex<[ScriptedServer]>([])
    private let key = ObjectKey(trusted: "a-b")
    private static let copied = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>"

    private func store(
        _ answer: @escaping @Sendable (HTTPMessage) -> ScriptedServer.Act
    ) throws -> (S3Store, ScriptedServer) {
        let server = try ScriptedServer { request, _ in answer(request) }
        servers.withLock { $0.append(server) }
        var configuration = S3Configuration(bucket: "bucket", prefix: "R&D/dr", endpoint: server.url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
        configuration.encryption = .kms(keyID: "k")
        configuration.retry = RetryPolicy(attempts: 1, base: .milliseconds(1))
        let environment = AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 })
        return (try S3Store(configuration, environment: environment, logger: Logger(label: "test")), server)
    }

    private static func refusal(_ status: Int, _ code: String) -> ScriptedServer.Act {
        .reply(.response(status, [], "<Error><Code>\(code)</Code><Message>m</Message></Error>"))
    }

    private func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
        do { try body() } catch let error as ObjectStoreError { return error.reason } catch { Issue.record(error) }
        return nil
    }

    @Test func `a move names the source, its tag, the class, the key of the encryption and the lock`() throws {
        let (store, server) = try store { request in
            .reply(
                request.method == "HEAD"
                    ? .response(200, [("x-amz-storage-class", "GLACIER")])
                    : .response(200, [("x-amz-version-id", "v2")], Self.copied))
        }
        let object = ObjectInfo(key: key, size: 0, tag: "\"e\"")
        let lock = PutOptions.Lock(mode: .compliance, until: 1_795_400_000)
        #expect(try store.move(object, to: .glacier, lock: lock), "the bucket keeps the former version")
        let request = try #require(server.requests.first)
        #expect(request["x-amz-copy-source"] == "/bucket/R%26D/dr/a-b")
        #expect(request["x-amz-copy-source-if-match"] == "\"e\"")
        #expect(request["x-amz-storage-class"] == "GLACIER" && request["x-amz-metadata-directive"] == "COPY")
        #expect(request["x-amz-server-side-encryption-aws-kms-key-id"] == "k")
        #expect(request["x-amz-object-lock-mode"] == "COMPLIANCE")
        #expect(request["x-amz-object-lock-retain-until-date"] == "2026-11-23T02:13:20Z")
        #expect(request["content-md5"] == "1B2M2Y8AsgTpgAmY7PhCfg==", "a request with a lock needs a checksum")
    }

    @Test func `an error in an answer with status 200 is an error`() throws {
        let (store, _) = try store { _ in
            .reply(.response(200, [], "<Error><Code>InternalError</Code><Message>m</Message></Error>"))
        }
        #expect(reason { _ = try store.move(ObjectInfo(key: key, size: 0), to: .glacier, lock: nil) } != nil)
    }

    @Test(arguments: [
        (403, "ObjectNotInActiveTierError", ObjectStoreError.Reason.archived),
        (400, "InvalidStorageClass", .unsupported), (501, "NotImplemented", .unsupported),
        (412, "PreconditionFailed", .alreadyExists), (404, "NoSuchKey", .notFound), (403, "AccessDenied", .denied),
    ])
    func `each refusal of a move has its reason`(
        status: Int, code: String, expected: ObjectStoreError.Reason
    ) throws {
        let (store, _) = try store { _ in Self.refusal(status, code) }
        let found = reason { _ = try store.move(ObjectInfo(key: key, size: 0), to: .glacier, lock: nil) }
        #expect(found == expected)
    }

    @Test func `a server that ignores the class is found out`() throws {
        let (store, _) = try store { request in
            .reply(
                request.method == "HEAD"
                    ? .response(200, []) : .response(200, [], Self.copied))
        }
        #expect(reason { _ = try store.move(ObjectInfo(key: key, size: 0), to: .glacier, lock: nil) } == .unsupported)
    }

    @Test func `a thaw in progress is no error, and one that cannot be fast says so`() throws {
        let (busy, server) = try store { _ in Self.refusal(409, "RestoreAlreadyInProgress") }
        #expect(try !busy.thaw(key, days: 3, speed: .expedited))
        #expect(server.requests.first?.target.hasSuffix("/a-b?restore=") == true)
        let (slow, _) = try store { _ in Self.refusal(503, "GlacierExpeditedRetrievalNotAvailable") }
        #expect(reason { _ = try slow.thaw(key, days: 3, speed: .expedited) } == .unsupported)
    }

    @Test(
        arguments: [
            (nil, ObjectPlacement.Reading.archived), ("ongoing-request=\"true\"", .thawing),
            ("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"", .thawed(until: 1_356_048_000)),
            ("ongoing-request=\"false\"", .thawed(until: nil)), ("nonsense", .archived),
        ] as [(String?, ObjectPlacement.Reading)])
    func `the state of a thaw is read from the header`(header: String?, expected: ObjectPlacement.Reading) throws {
        let (store, _) = try store { _ in
            var fields: [(name: String, value: String)] = [("x-amz-storage-class", "GLACIER")]
            if let header { fields.append(("x-amz-restore", header)) }
            return .reply(.response(200, fields))
        }
        #expect(try store.placement(of: key)?.reading == expected)
    }
}
