import Foundation
import Lab
import Testing

/// `dr backup --verify=sample` and what becomes of it, as a user sees it.
@Suite struct SampleTests {
    private struct Answer: Decodable {
        struct Sample: Decodable {
            struct Finding: Decodable {
                var object: String
                var sets: [String]
            }
            var packsRead, packs: Int
            var findings: [Finding]
        }
        var name: String
        var sample: Sample?
    }

    private func text(_ journey: Journey, _ file: String) throws -> String {
        try String(contentsOf: journey.folder.url.appending(path: file), encoding: .utf8)
    }

    @Test func `a damaged pack is found named and mended by the next backup`() async throws {
        let journey = try await Journey(extra: "verification: {sample: true, period: 1h}")
        try journey.write("a", String(repeating: "all that is kept ", count: 9000))
        let first = try await journey.json(Answer.self, "backup", "--verify=none")
        let second = try await journey.json(Answer.self, "backup", "--verify=none")
        #expect(first.sample == nil)

        let packs = journey.repository.appending(path: "tree/packs")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: packs.path).first { $0.hasSuffix(".tar.gz") })
        var content = try Data(contentsOf: packs.appending(path: name))
        content[content.count / 2] ^= 1
        try FileManager.default.removeItem(at: packs.appending(path: name))
        try content.write(to: packs.appending(path: name))
        let run = try await journey.dr(["backup", "--verify=sample", "--json"])
        #expect(run.status == 4, "\(run.errors)")
        let hurt = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
        let finding = try #require(hurt.sample?.findings.first)
        #expect(finding.object.hasSuffix(name) && finding.sets == [first.name, second.name, hurt.name])
        #expect(run.errors.contains(first.name) && run.errors.contains("hint: ") && run.errors.contains("committed"))

        let mended = try await journey.dr(["backup"])
        #expect(
            mended.status == 0 && mended.errors.contains("damaged objects that sets need are known"), "\(mended.errors)"
        )
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let restored = try text(journey, "out/a")
        #expect(restored.hasPrefix("all that is kept "))
    }

    @Test func `status, list and metrics report what was verified`() async throws {
        let journey = try await Journey(extra: "metrics: {textfile: dr.prom}")
        try journey.write("a", "content\n")
        try await journey.expect(0, "backup")
        #expect(try !text(journey, "dr.prom").contains("dr_last_verified"))
        try await journey.expect(0, "verify")
        #expect(try await journey.expect(0, "list").output.contains("structure only"))
        struct Status: Decodable {
            struct Row: Decodable { var verified, drilled: String? }
            var components: [Row]
        }
        #expect(try await journey.json(Status.self, "status").components.map(\.verified) == [nil])
        try await journey.expect(0, "verify", "--read-data")
        let status = try await journey.json(Status.self, "status")
        #expect(status.components.first?.verified != nil && status.components.first?.drilled == nil)
        #expect(try await journey.expect(0, "status").output.contains("VERIFIED"))
        try await journey.expect(0, "backup")
        #expect(
            try text(journey, "dr.prom").contains(
                "dr_last_verified_timestamp_seconds{stack=\"monitoring\",component=\"tree\"} "))
    }
}
