import Foundation
import Lab
import Testing

/// Drills in a stack that signs its sets: a mark without a signature does not count, and every view says so.
@Suite struct UnsignedDrillTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: tree, restore: tree, timeout: 5m}

        """

    private struct Status: Decodable {
        struct Row: Decodable { var drilled, untrustedDrill: String? }
        var components: [Row]
    }

    private struct Ready: Decodable {
        struct Scenario: Decodable {
            struct Check: Decodable { var check, status, reason: String }
            var checks: [Check]
        }
        var scenarios: [Scenario]
    }

    private func signed() async throws -> Journey {
        let journey = try await Journey(
            store: "signing: {certificate: signing.crt, key: signing.key}", initialize: false)
        let made = try await CommandRun.run(
            Journey.program,
            [
                "key", "create", "--signing", "--kind", "p-256", "--no-passphrase", "signing.key", "--certificate",
                "signing.crt",
            ], in: journey.folder.url)
        try #require(made.status == 0, "\(made.errors)")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(Self.plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", String(repeating: "content ", count: 200))
        try await journey.expect(0, "init")
        try await journey.expect(0, "backup")
        return journey
    }

    private func marks(_ journey: Journey) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: journey.repository.appending(path: "marks/drilled"), includingPropertiesForKeys: nil)
    }

    private func component(_ journey: Journey) async throws -> Status.Row {
        try #require(try await journey.json(Status.self, "status").components.first)
    }

    private func drillCheck(_ journey: Journey) async throws -> Ready.Scenario.Check {
        let run = try await journey.dr(["ready", "loss", "--json"])
        let ready = try JSONDecoder().decode(Ready.self, from: Data(run.output.utf8))
        return try #require(ready.scenarios.first?.checks.first { $0.check == "drill" })
    }

    @Test func `a drill of a host with a key counts, and a mark that lost its signature is named`() async throws {
        let journey = try await signed()
        _ = try await journey.dr(["drill", "--scenario", "loss"])
        let mark = try #require(try marks(journey).first)
        let text = try String(contentsOf: mark, encoding: .utf8)
        #expect(text.contains("-----BEGIN CMS-----") && text.contains("\"passed\":true"), "\(text)")
        let counted = try await component(journey)
        #expect(counted.drilled != nil && counted.untrustedDrill == nil)
        #expect(try await !journey.dr(["status"]).errors.contains("the last drill"))

        // As an older version wrote it.
        let document = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(2).joined(separator: "\n")
        try Data("\(document)\n".utf8).write(to: mark)
        let ignored = try await component(journey)
        #expect(ignored.drilled == nil && ignored.untrustedDrill != nil)
        let status = try await journey.dr(["status"])
        #expect(status.errors.contains("does not count for tree: its mark is not signed by a trusted signer"))
        #expect(status.errors.contains("hint: run `dr drill`") && status.output.contains("not signed"))
        #expect(try await journey.expect(0, "list").output.contains("not signed"))

        // The journal of this host counts without the mark. Another host has only the mark.
        #expect(try await !drillCheck(journey).reason.contains("does not count"))
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        let ledger = journey.repository.appending(path: "marks/ledger")
        if FileManager.default.fileExists(atPath: ledger.path) { try FileManager.default.removeItem(at: ledger) }
        let check = try await drillCheck(journey)
        #expect(check.status == "red", "\(check.reason)")
        #expect(
            check.reason.hasPrefix("no drill or recovery counts; a drill ")
                && check.reason.hasSuffix("does not count: its mark is not signed by a trusted signer"),
            "\(check.reason)")

        _ = try await journey.dr(["drill", "--scenario", "loss"])
        let again = try await component(journey)
        #expect(again.drilled != nil && again.untrustedDrill == nil)
        #expect(try await !journey.dr(["status"]).errors.contains("does not count"))
    }

    @Test func `a drill of a host without a key says that it does not count`() async throws {
        let journey = try await signed()
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing(", key: signing.key", with: "").utf8).write(to: file)
        let run = try await journey.dr(["drill", "--scenario", "loss"])
        #expect(
            run.errors.contains(
                "the drill does not count in the repository: its mark must be signed, and this machine has no signing key"
            ),
            "\(run.errors)")
        #expect(try await component(journey).untrustedDrill != nil)
    }
}
