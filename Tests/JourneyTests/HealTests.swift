import Foundation
import Lab
import Testing

/// `dr heal` beside a real Prometheus.
@Suite struct HealTests {
    private struct Answer: Decodable {
        struct Part: Decodable {
            var name: String
            var state: String
            var action: String
        }
        var parts: [Part]
        var server: [String]
        var kept: String?
    }

    private func heal(_ journey: Journey, _ status: Int32, _ options: String...) async throws -> Answer {
        let run = try await journey.dr(["heal", "--component", "prometheus", "--json"] + options)
        #expect(run.status == status, "\(run.output)\(run.errors)")
        let document = Data(run.output.utf8)
        #expect(try await journey.objections(to: document, schema: "output.schema.json", "heal") == "")
        return try JSONDecoder().decode(Answer.self, from: document)
    }

    private func blocks(_ data: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: data.path).filter { $0.count == 26 }.sorted()
    }

    /// Flips a byte in one block, and deletes another. Neither is the oldest or the newest.
    private func damage(_ data: URL) throws -> (damaged: String, deleted: String) {
        let blocks = try blocks(data)
        let chunks = data.appending(path: "\(blocks[1])/chunks/000001")
        var content = try Data(contentsOf: chunks)
        content[content.count / 2] ^= 1
        try content.write(to: chunks)
        try FileManager.default.removeItem(at: data.appending(path: blocks[2]))
        return (blocks[1], blocks[2])
    }

    @Test func `a heal beside a running Prometheus puts back what is damaged or missing, also after kills`()
        async throws
    {
        let folder = try TemporaryFolder("heal-journey")
        let data = folder.url.appending(path: "tsdb")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        _ = try await OpenMetricsHistory(interval: end - 10 * 3600...end, step: 60, instances: 2).makeBlocks(in: data)
        // Without compaction, the names of the blocks are in the order of their times.
        var options = PrometheusServer.Options()
        options.arguments = ["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"]
        var server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: \(data.path)}")
        journey.keep(folder)
        try await journey.expect(0, "backup")
        #expect(try await heal(journey, 0).parts.isEmpty)
        let probe = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 9 * 3600...end)
        let before = try await probe.answers(of: server)

        let (damaged, deleted) = try damage(data)
        let preview = try await heal(journey, 4, "--dry-run")
        #expect(preview.parts.allSatisfy { $0.action == "would heal" } && preview.kept == nil)
        #expect(try !blocks(data).contains(deleted))
        let healed = try await heal(journey, 0)
        #expect(healed.parts.map(\.name) == [damaged, deleted] && healed.parts.allSatisfy { $0.action == "healed" })
        #expect(healed.parts.map(\.state) == ["damaged", "missing"])
        #expect(healed.server.count == 2 && healed.server[0].contains("restart Prometheus"))
        let kept = try #require(healed.kept)
        #expect(try FileManager.default.contentsOfDirectory(atPath: kept) == [damaged])
        #expect(try await heal(journey, 0).parts.isEmpty, "a second heal has nothing to do")
        options.port = server.port
        try await server.stop()
        server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        var comparison = probe.compare(before, try await probe.answers(of: server))
        #expect(comparison.compared > 20 && comparison.differing.isEmpty && comparison.empty == 0)

        // Without a server, and killed at several moments: a block is whole or absent, or still the damaged one.
        try await server.stop()
        let again = try damage(data)
        for delay in [50, 120, 190] {
            _ = try await journey.dr(
                ["heal", "--component", "prometheus"], killAfter: .milliseconds(delay))
            for block in try blocks(data) where block != again.damaged {
                let files = try FileManager.default.subpathsOfDirectory(atPath: data.appending(path: block).path)
                #expect(Set(files).isSuperset(of: ["index", "meta.json", "chunks/000001"]), "\(block): \(files)")
            }
        }
        try await journey.expect(0, "heal", "--component", "prometheus")
        #expect(try await heal(journey, 0).parts.isEmpty)
        let rest = try FileManager.default.contentsOfDirectory(atPath: data.path)
        #expect(!rest.contains { $0.hasPrefix(".dr-restore-") }, "\(rest)")
        server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        comparison = probe.compare(before, try await probe.answers(of: server))
        #expect(comparison.compared > 20 && comparison.differing.isEmpty && comparison.empty == 0)
        try await server.stop()
        #expect(try await journey.expect(0, "ledger", "list").output.contains("heal"))
    }

    @Test func `a component without parts is refused`() async throws {
        let journey = try await Journey()
        let run = try await journey.expect(2, "heal", "--component", "tree")
        #expect(run.errors.contains("kind 'files'"))
        try await journey.expect(2, "heal", "--component", "nothing")
    }
}
