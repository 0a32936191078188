import BackupRepository
import Documents
import Foundation
import Grafana
import Lab
import Logging
import Testing

/// The secrets of contact points: backed up into an encrypted store only.
@Suite struct ContactPointSecretsTests {
    private static let secrets = ["hooks.example.org/secret", "hook-password", "oauth-secret"]

    /// With only a few annotations, which these tests do not need.
    private static func rich(_ version: GrafanaVersion = .v11) -> GrafanaState {
        var state = GrafanaState.rich(version: version)
        state.organizations[1]?.annotations.removeLast(224)
        return state
    }

    /// Files of the state folder that have a secret in them.
    private static func leaks(_ fixture: Fixture) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path).filter { path in
            guard let content = FileManager.default.contents(atPath: "\(fixture.folder.path)/\(path)") else {
                return false
            }
            let text = String(decoding: content, as: UTF8.self)
            return secrets.contains(where: text.contains)
        }
    }

    private static func context(_ fixture: Fixture, run: String = "run") -> CaptureContext {
        CaptureContext(run: run, state: fixture.folder.path, logger: Logger(label: "test"))
    }

    @Test(arguments: GrafanaVersion.allCases)
    func `they are taken where Grafana shows them, and leave no trace`(version: GrafanaVersion) async throws {
        let fixture = try await Fixture(Self.rich(version))
        let capture = try await fixture.source(secrets: .taken).capture(Self.context(fixture))
        let names = capture.withheld.flatMap(\.secrets).filter { $0.hasPrefix("contact-point/") }
        #expect(capture.warnings == [] && capture.damage == [])
        if version == .v9 {
            #expect(capture.layers == [] && names.count == 3)
            #expect(try Self.leaks(fixture) == [])
        } else {
            #expect(names == [] && capture.facts["contact point secrets"] == "3")
            let layer = try #require(capture.layers.first)
            #expect(layer.name == "secrets")
            let file = "\(layer.directory)/contact-points.json"
            let document = try JSONValue(parsing: [UInt8](try Data(contentsOf: URL(filePath: file))))
            let name = "organization/1/contact-point/cp-hook/http_config.oauth2.client_secret"
            #expect(document["values"]?[name] == "oauth-secret" && document["values"]?.object?.count == 3)
            // Its SHA-256 lies in the store: without a random member, a weak secret could be guessed from it.
            #expect(document["salt"]?.text?.count == 32)
            let modes = try [layer.directory, file].map {
                try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int
            }
            #expect(modes == [0o700, 0o600])
            // In no other file.
            #expect(try Self.leaks(fixture).map { URL(filePath: $0).lastPathComponent } == ["contact-points.json"])
        }
        try await capture.release()
        #expect(try Self.leaks(fixture) == [])
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder.path)/secrets-run"))
        try await capture.release()
        #expect(fixture.grafana.server.violations == [])
    }

    @Test(arguments: [ContactPointSecrets.never, .withheldUnencrypted])
    func `they stay in Grafana where the store is not encrypted`(choice: ContactPointSecrets) async throws {
        let fixture = try await Fixture(Self.rich())
        let capture = try await fixture.capture(fixture.source(secrets: choice))
        #expect(capture.layers == [])
        #expect(try Self.leaks(fixture) == [])
        #expect(capture.withheld.flatMap(\.secrets).count { $0.hasPrefix("contact-point/") } == 3)
        #expect(fixture.grafana.server.requests["GET /api/v1/provisioning/contact-points/export"] == nil)
        let advice = choice == .never ? 0 : 1
        #expect(capture.warnings.count == advice)
        #expect(
            capture.warnings.allSatisfy { $0.contains("secrets of 2 contact points") && $0.contains("recipients:") })
        let diagnoses = await fixture.source(secrets: choice).diagnose().filter {
            $0.subject.contains("contact points")
        }
        #expect(diagnoses.map(\.verdict) == [choice == .never ? .ok : .warning])
    }

    @Test func `where the credentials may not see them, that is said once for each organisation`() async throws {
        var state = Self.rich()
        state.hidesSecrets = true
        let fixture = try await Fixture(state)
        let source = fixture.source(secrets: .taken)
        let capture = try await fixture.capture(source)
        #expect(capture.layers == [] && capture.damage == [])
        #expect(capture.withheld.flatMap(\.secrets).count { $0.hasPrefix("contact-point/") } == 3)
        #expect(capture.warnings.count == 1)
        #expect(capture.warnings.first?.contains("alert.provisioning.secrets:read") == true, "\(capture.warnings)")
        let diagnoses = await source.diagnose().filter { $0.subject.contains("contact points") }
        #expect(diagnoses.map(\.verdict) == [.warning] && diagnoses[0].detail.contains("403"))
    }

    @Test(arguments: [
        #"{"apiVersion":1}"#, "[]", "{", #"{"contactPoints":[{"receivers":[{"uid":"cp-slack"}]}]}"#,
        #"{"contactPoints":[{"name":"Operators","receivers":[{"uid":"cp-slack","type":"slack","settings":{"url":"[REDACTED]"}}]}]}"#,
        #"{"contactPoints":[{"name":"Operators","receivers":[{"uid":"cp-slack","type":"email","settings":{"url":"x"}}]}]}"#,
    ])
    func `an answer without the secrets leaves them withheld`(body: String) async throws {
        let fixture = try await Fixture(Self.rich())
        fixture.grafana.server.fail { request in
            request.path.hasSuffix("/export")
                ? StandInAnswer(200, headers: ["Content-Type": "application/json"], body: Array(body.utf8)) : nil
        }
        let capture = try await fixture.capture(fixture.source(secrets: .taken))
        #expect(capture.layers == [] && capture.damage == [])
        #expect(capture.withheld.flatMap(\.secrets).count { $0.hasPrefix("contact-point/") } == 3)
    }

    /// So that two backups of the same state do not differ.
    @Test func `secrets that did not change keep their file's content and time`() async throws {
        let fixture = try await Fixture(Self.rich())
        func taken(_ run: String) async throws -> (content: Data, time: Date?) {
            let capture = try await fixture.source(secrets: .taken).capture(Self.context(fixture, run: run))
            let file = "\(try #require(capture.layers.first).directory)/contact-points.json"
            let content = try Data(contentsOf: URL(filePath: file))
            let time = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
            try await capture.release()
            return (content, time)
        }
        let first = try await taken("one")
        let second = try await taken("two")
        #expect(first.content == second.content && first.time == second.time)
        fixture.grafana.change { state in
            for index in state.organizations[1]?.contactPoints.indices ?? 0..<0 {
                state.organizations[1]?.contactPoints[index]["settings"]?["password"] = "hook-passw0rd"
            }
        }
        let third = try await taken("three")
        #expect(third.content != first.content && third.time != first.time)
    }

    /// A run that was killed cannot remove them itself.
    @Test func `the next run removes what a killed one left, and nothing of one that runs`() async throws {
        let fixture = try await Fixture(Self.rich())
        let running = try await fixture.source(secrets: .taken).capture(Self.context(fixture, run: "running"))
        let left = fixture.folder.url.appending(path: "secrets-killed")
        try FileManager.default.createDirectory(at: left, withIntermediateDirectories: false)
        try Data("hook-password".utf8).write(to: left.appending(path: "contact-points.json"))
        _ = try await fixture.capture()
        #expect(!FileManager.default.fileExists(atPath: left.path))
        #expect(FileManager.default.fileExists(atPath: try #require(running.layers.first).directory))
        try await running.release()
        #expect(try Self.leaks(fixture) == [])
    }

    /// The run fails, and none of the secrets stay.
    @Test func `where they cannot be written the backup of the component fails and says so`() async throws {
        let fixture = try await Fixture(Self.rich())
        try FileManager.default.createDirectory(
            atPath: "\(fixture.folder.path)/new-secrets-run", withIntermediateDirectories: false)
        let error = await #expect(throws: ComponentError.self) {
            _ = try await fixture.source(secrets: .taken).capture(Self.context(fixture))
        }
        #expect(error?.detail.contains("exists") == true && error?.hint?.contains("state:") == true, "\(error as Any)")
        #expect(try Self.leaks(fixture) == [])
    }

    // MARK: Odd numbers

    /// Every number in an answer of the server is replaced: the program must not trap.
    @Test func `numbers of the server that cannot be cost at most the export`() async throws {
        let fixture = try await Fixture(Self.rich())
        // The numbers of organisations are used in every other request: once with them, once without.
        for (number, keepsOrganizations) in StandInAnswer.oddNumbers.flatMap({ [($0, true), ($0, false)] }) {
            fixture.grafana.server.alter { request, answer in
                keepsOrganizations && request.path.hasSuffix("/orgs") ? answer : answer.withNumbers(number)
            }
            do {
                _ = try await fixture.capture(fixture.source(attempts: 1, secrets: .taken))
            } catch { #expect(error is ComponentError, "\(error)") }
        }
    }
}
