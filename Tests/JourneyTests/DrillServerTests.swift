import Foundation
import Lab
import Testing

/// Drills with servers of their own: Grafana's, filled through its API, and one that starts beside restored files.
@Suite struct DrillServerTests {
    private static let lab = Checkout.labProgram

    private struct Outcome: Decodable {
        struct Control: Decodable { var red: [String], noticed: Bool, why: [String] }
        struct Check: Decodable { var name: String, verdict: String, measured: String }
        var verdict: String
        var reasons: [String]
        var deviations: [String]
        var checks: [Check]
        var negativeControl: Control?
        var liveStackUntouched: Bool?
        var liveStackCompared: [String]
    }

    private func plan(_ component: String, _ more: String = "") -> String {
        """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: back, restore: \(component), timeout: 5m}
          \(more)
        checks: [canaries]

        """
    }

    private func write(_ plan: String, _ journey: Journey) throws {
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
    }

    /// A Grafana, and a drill that has one.
    private func grafana(_ state: GrafanaState) async throws -> (GrafanaStandIn, Journey) {
        let live = try await GrafanaStandIn(state)
        let password = "password: {env: LIVE_GRAFANA_PASSWORD}"
        let journey = try await Journey(
            components: "grafana: {url: \"\(live.url)\", username: admin, \(password), annotations: 3650d, "
                + "secrets: {contact-point/cp-slack/url: {env: NOT_AT_HAND}}}",
            extra: """
                drill:
                  servers:
                    grafana:
                      run: ["\(Self.lab)", stand-in, grafana, --port, "${port}", --seed, empty]
                      ready: /api/health
                      username: admin
                      \(password)
                """, environment: ["LIVE_GRAFANA_PASSWORD": GrafanaState.adminPassword])
        try write(plan("grafana"), journey)
        try await journey.expect(0, "backup")
        return (live, journey)
    }

    @Test func `the drill detects damage that only a server can show, also with the live server down`() async throws {
        let (live, journey) = try await grafana(.rich())
        let first = try await journey.json(
            Outcome.self, "drill", "--scenario", "loss", "--inject", "dropped_dashboard")
        #expect(first.verdict == "passed", "\(first)")
        #expect(first.liveStackUntouched == true, "\(first)")
        #expect(first.liveStackCompared == ["grafana"])
        let dropped = try #require(first.negativeControl)
        #expect(dropped.noticed && dropped.red == ["grafana_dashboards", "data_equality"], "\(dropped)")
        #expect(
            dropped.why.first?.contains("grafana_dashboards: 6; the set has 7: the server has 6") == true, "\(dropped)")
        #expect(dropped.why.last?.contains("6 dashboards then, 5 dashboards now") == true, "\(dropped)")
        // No secret of the live one is needed, none is used, and what lacks one is named.
        let named = first.deviations.filter { $0.contains("was restored without contact-point/cp-slack/url") }
        #expect(named.count == 1 && named.first?.hasPrefix("grafana: ") == true, "\(first.deviations)")

        await live.server.stop()
        let second = try await journey.json(
            Outcome.self, "drill", "--scenario", "loss", "--inject", "empty_service")
        #expect(second.verdict == "passed", "\(second)")
        let empty = try #require(second.negativeControl)
        #expect(empty.noticed && empty.red.contains("grafana_dashboards"), "\(empty)")
        #expect(empty.why.contains { $0.hasPrefix("grafana_dashboards: 0; there are none") }, "\(empty)")
        // What is not proved is not claimed.
        #expect(second.liveStackUntouched == nil && second.liveStackCompared == [])
        let blind = second.deviations.filter {
            $0.hasPrefix("live grafana: its server could not be read before and after")
        }
        #expect(blind.count == 1, "\(second.deviations)")
    }

    @Test func `checks pass when set and server both hold zero objects`() async throws {
        let (_, journey) = try await grafana(.empty())
        let outcome = try await journey.json(Outcome.self, "drill", "--scenario", "loss", "--inject", "flipped_byte")
        #expect(outcome.verdict == "passed", "\(outcome)")
        let counted = outcome.checks.filter { ["grafana_dashboards", "grafana_datasources"].contains($0.name) }
        #expect(counted.map(\.verdict) == ["passed", "passed"] && counted.allSatisfy { $0.measured == "0" })
        // An empty server would be what the set has: that control could not fail, and is not drawn.
        let none = try await journey.json(Outcome.self, "drill", "--scenario", "loss", "--inject", "empty_service")
        #expect(none.verdict == "inconclusive" && none.negativeControl == nil)
    }

    // MARK: Ports and killed drills

    /// - Parameter port: what the server is told; a number where it cannot be told one.
    private func tree(_ server: String, port: String = "${port}") async throws -> Journey {
        let journey = try await Journey(
            extra: """
                checks: {canaries: {tree: {}}}
                drill:
                  servers:
                    tree:
                      run: ["\(Self.lab)", stand-in, grafana, --port, "\(port)", --seed, empty]
                      ready: /api/health
                      \(server)
                """)
        try journey.write("a", String(repeating: "content ", count: 200))
        try await journey.expect(0, "backup")
        return journey
    }

    @Test func `a fixed port in use by another process is refused`() async throws {
        let stranger = try ScriptedServer([])
        let journey = try await tree("port: \(stranger.port)")
        try write(plan("tree"), journey)
        let run = try await journey.expect(1, "drill", "--scenario", "loss")
        #expect(run.errors.contains("port \(stranger.port) of 127.0.0.1 is in use by '"), "\(run.errors)")
        #expect(run.errors.contains("change drill.servers.tree.port"))
        #expect(stranger.requests.isEmpty)
        #expect(try leftovers(journey) == [])
        stranger.stop()
    }

    @Test func `a killed drill leaves nothing running and can be repeated`() async throws {
        // The same port for every drill, which none may hold beyond its end.
        let port = try #require(try FreePort.find().first)
        let journey = try await tree("port: \(port)", port: "\(port)")
        try write(plan("tree", "- {id: wait, needs: [back], wait: 10m, timeout: 20m}"), journey)
        let drill = try await ServerProcess(
            "dr", executable: Journey.program, arguments: ["drill", "--scenario", "loss"], folder: journey.folder.url)
        try await drill.waitUntil { try runs(journey, "wait") && !processes(in: journey).isEmpty }
        kill(drill.processIdentifier, SIGKILL)
        try? await Patience.wait(until: "the drill's processes have ended") { processes(in: journey).isEmpty }
        let survivors = processes(in: journey)
        #expect(survivors == [])
        for survivor in survivors { kill(pid_t(survivor), SIGKILL) }
        #expect(try leftovers(journey).count == 1)

        try write(plan("tree"), journey)
        let again = try await journey.json(Outcome.self, "drill", "--scenario", "loss", "--inject", "missing_pack")
        #expect(again.verdict == "passed", "\(again)")
        #expect(again.negativeControl?.why.contains { $0.hasPrefix("back: ") && $0.contains("/packs/") } == true)
        #expect(try leftovers(journey) == [])
        #expect(processes(in: journey) == [])
    }

    private func leftovers(_ journey: Journey) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(journey.folder.path)/state/drills")
    }

    /// Whether a step has begun.
    private func runs(_ journey: Journey, _ step: String) throws -> Bool {
        let folder = URL(filePath: "\(journey.folder.path)/state")
        let journals = (FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? [])
            .filter { $0.hasSuffix("journal.jsonl") }
        return try journals.contains { path in
            try String(contentsOf: folder.appending(path: path), encoding: .utf8).split(separator: "\n")
                .contains { $0.contains("step_began") && $0.contains("\"\(step)\"") }
        }
    }

    /// Programs that run in a drill's folder: the servers that it starts.
    private func processes(in journey: Journey) -> [Int] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap(Int.init).filter { id in
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")
            return folder?.hasPrefix("\(journey.folder.path)/state/drills/") == true
        }
    }
}
