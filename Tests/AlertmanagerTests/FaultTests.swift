import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Synchronization
import Testing

@testable import Alertmanager

/// Servers that are down, that return wrong answers, or that close the connection.
@Suite struct FaultTests {
    private static let status =
        #"{"cluster": {"status": "ready", "peers": []}, "config": {"original": "route:\nreceivers:\n"}}"#

    /// A server that answers by path.
    private func server(status: String = status, silences: String) throws -> ScriptedServer {
        try ScriptedServer { request, _ in
            .reply(.response(200, [], request.target.hasSuffix("status") ? status : silences))
        }
    }

    private func capture(_ url: String) async throws -> any Capture {
        let folder = try TemporaryFolder("alertmanager-fault")
        let capture = try await AlertmanagerSource(
            api: AlertmanagerSite.api(url), keepsURLs: true, now: AlertmanagerSite.now
        ).capture(
            CaptureContext(run: "test", state: folder.path, logger: Logger(label: "test")))
        try await capture.release()
        return capture
    }

    @Test func `a server that is away is named with a hint`() async throws {
        let url = "http://127.0.0.1:\(try FreePort.find()[0])"
        let error = await #expect(throws: ComponentError.self) { _ = try await capture(url) }
        #expect(error?.reason == .unreachable && error?.hint != nil && error?.operation.contains(url) == true)
        let findings = await AlertmanagerSource(
            api: AlertmanagerSite.api(url), keepsURLs: true, now: AlertmanagerSite.now
        ).diagnose()
        #expect(findings.map(\.verdict) == [.failed])
    }

    @Test(arguments: [
        "", "<html>login</html>", "null", "7", "{\"code\": 200}", "\"x\"", "{", "[", "[1e999",
        String(repeating: "[", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
    ])
    func `an answer that is not a list of silences ends the capture`(answer: String) async throws {
        let server = try server(silences: answer)
        let error = await #expect(throws: ComponentError.self) { _ = try await capture(server.url) }
        #expect(error?.reason == .misconfigured)
    }

    @Test(arguments: [
        "", "[]", "{\"cluster\": 7}", "{\"cluster\": {\"status\": 1e999}}", "{\"config\": {\"original\": []}}",
    ])
    func `an answer that is not a status ends the capture`(answer: String) async throws {
        let server = try server(status: answer, silences: "[]")
        let error = await #expect(throws: ComponentError.self) { _ = try await capture(server.url) }
        #expect(error?.reason == .misconfigured)
    }

    @Test(arguments: [
        "7", "null", "[]", "{}", "1e999", "-99999999999999999999999",
        #"{"id": 99999999999999999999, "matchers": [], "startsAt": 1e400, "endsAt": -1e400}"#,
        #"{"id": "a", "matchers": [{"name": 1, "value": 1e999, "isRegex": 3}], "startsAt": "x", "endsAt": "y"}"#,
        #"{"id": "a", "matchers": [{"name": "a", "value": "b", "isRegex": false}], "startsAt": "0000-00-00T00:00:00Z"}"#,
    ])
    func `entries that are not silences are damage, and the others are stored`(entry: String) async throws {
        let good = String(decoding: SilenceTests.valid.compact, as: UTF8.self)
        let server = try server(silences: "[\(entry), \(good)]")
        let capture = try await capture(server.url)
        #expect(capture.damage.map(\.path) == ["silences/entry-0.json"])
        let counts = Silence.State.allCases.compactMap { capture.facts["\($0.rawValue) silences"] }.compactMap {
            Int($0)
        }
        #expect(counts.sorted() == [0, 0, 1])
    }

    @Test func `an id that is a path stays in the folder`() async throws {
        var silence = SilenceTests.valid
        silence["id"] = "../../etc/passwd\u{0}"
        var other = silence
        other["id"] = .string(String(repeating: "x", count: 5_000))
        let server = try server(silences: String(decoding: JSONValue.array([silence, other]).compact, as: UTF8.self))
        let folder = try TemporaryFolder("alertmanager-fault")
        let capture = try await AlertmanagerSource(
            api: AlertmanagerSite.api(server.url), keepsURLs: true, now: AlertmanagerSite.now
        )
        .capture(CaptureContext(run: "test", state: folder.path, logger: Logger(label: "test")))
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(capture.root)/silences")
        #expect(names.count == 2 && names.allSatisfy { $0.hasSuffix(".json") })
        try await capture.release()
    }

    @Test(arguments: [
        (401, ComponentError.Reason.refused), (403, .refused), (302, .misconfigured), (404, .misconfigured),
        (503, .unreachable),
    ])
    func `a refusal is put into words`(status: Int, reason: ComponentError.Reason) async throws {
        let server = try ScriptedServer { _, _ in .reply(.response(status, [], "\"no\"")) }
        let error = await #expect(throws: ComponentError.self) { _ = try await capture(server.url) }
        #expect(error?.reason == reason && error?.hint != nil)
    }

    // MARK: Import

    private func tree(_ silences: [JSONValue]) throws -> (TemporaryFolder, ExportedTree) {
        let folder = try TemporaryFolder("alertmanager-tree")
        let tree = try DocumentTree(in: folder.path, run: "test")
        for silence in silences {
            let silence = try Silence(silence)
            try tree.write(AlertmanagerTree.path(of: silence), silence.document.document)
        }
        try tree.write(AlertmanagerTree.configuration, Array("route:\nreceivers:\n".utf8))
        let capture = AlertmanagerCapture(
            tree: tree, facts: [:], withheld: [], damage: [], pool: AlertmanagerSite.pool)
        return (folder, ExportedTree(folder: folder, capture: capture))
    }

    private static func lasting(_ id: String) -> JSONValue {
        SilenceTests.valid.adding(["id": .string(id), "endsAt": "2199-01-01T00:00:00.000Z"])
    }

    @Test func `a silence is not created twice when the answer is lost`() async throws {
        let (_, tree) = try tree([Self.lasting("a")])
        let created = Mutex(0)
        let server = try ScriptedServer { request, _ in
            if request.target.hasSuffix("status") { return .reply(.response(200, [], Self.status)) }
            if request.method == "POST" {
                // The server created it, and the connection broke before its answer.
                created.withLock { $0 += 1 }
                return .reset
            }
            let list = created.withLock { $0 } > 0 ? [Self.lasting("new")] : []
            return .reply(.response(200, [], String(decoding: JSONValue.array(list).compact, as: UTF8.self)))
        }
        let objects = try await AlertmanagerSite.import(tree, into: AlertmanagerSite.api(server.url))
        #expect(objects.count(.create) == 1 && objects.silences.first?.detail == "its new id is new")
        #expect(created.withLock { $0 } == 1)
    }

    @Test func `a silence that the server refuses fails alone`() async throws {
        let (_, tree) = try tree([Self.lasting("a"), Self.lasting("b")])
        let server = try ScriptedServer { request, _ in
            if request.target.hasSuffix("status") { return .reply(.response(200, [], Self.status)) }
            guard request.method == "POST" else { return .reply(.response(200, [], "[]")) }
            return .reply(.response(400, [], "\"silence invalid: \\u001b[31m no\""))
        }
        let objects = try await AlertmanagerSite.import(tree, into: AlertmanagerSite.api(server.url))
        #expect(objects.count(.failed) == 2)
        #expect(objects.silences.allSatisfy { $0.detail?.contains("silence invalid") == true })
        #expect(objects.silences.allSatisfy { $0.detail?.contains("\u{1b}") == false })
    }

    @Test func `a server that goes away in the middle ends the import`() async throws {
        let (_, tree) = try tree([Self.lasting("a"), Self.lasting("b")])
        let isGone = Mutex(false)
        let server = try ScriptedServer { request, _ in
            if isGone.withLock({ $0 }) { return .reset }
            if request.target.hasSuffix("status") { return .reply(.response(200, [], Self.status)) }
            guard request.method == "POST" else { return .reply(.response(200, [], "[]")) }
            isGone.withLock { $0 = true }
            return .reset
        }
        let error = await #expect(throws: ComponentError.self) {
            _ = try await AlertmanagerSite.import(tree, into: AlertmanagerSite.api(server.url))
        }
        #expect(error?.reason == .unreachable)
    }

    @Test func `an answer to a creation without an id is not taken for one`() async throws {
        let (_, tree) = try tree([Self.lasting("a")])
        let server = try ScriptedServer { request, _ in
            if request.target.hasSuffix("status") { return .reply(.response(200, [], Self.status)) }
            return .reply(.response(200, [], request.method == "POST" ? "{\"silenceID\": 1e999}" : "[]"))
        }
        let objects = try await AlertmanagerSite.import(tree, into: AlertmanagerSite.api(server.url))
        #expect(objects.count(.failed) == 1)
    }
}
