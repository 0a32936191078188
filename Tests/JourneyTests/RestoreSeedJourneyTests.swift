import Foundation
import Lab
import Testing

/// Restores in place, of a tree of which a part is damaged.
@Suite struct RestoreSeedJourneyTests {
    private struct Answer: Decodable {
        struct Seed: Decodable {
            var name: String
            var files: Int
        }
        var files: Int
        var seeds: [Seed]
        var fetchedBytes: Int
    }

    @Test func `a restore in place reads the damaged block from the store, and the rest from the target`() async throws
    {
        let journey = try await Journey()
        for number in 0..<20 { try journey.write("block/\(number)", String(repeating: "\(number) ", count: 50_000)) }
        let before = try await Self.sums(journey)
        try await journey.expect(0, "backup")
        try Self.damage(journey)

        let restore = ["restore", "--component", "tree", "--to", "data", "--replace", "--discard-previous"]
        let text = try await journey.dr(restore)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.contains("came from the target, "), "\(text.output)")
        #expect(try await Self.sums(journey) == before)

        try Self.damage(journey)
        let seeded = try await Self.answer(journey, restore + ["--json"])
        #expect(seeded.seeds.map(\.name) == ["the target"] && seeded.seeds.first?.files == seeded.files - 1)
        #expect(seeded.fetchedBytes > 0)
        let whole = try await Self.answer(journey, restore + ["--no-seed", "--json"])
        #expect(whole.seeds.isEmpty && whole.fetchedBytes > seeded.fetchedBytes)
        #expect(try await Self.sums(journey) == before)
    }

    private static func damage(_ journey: Journey) throws {
        let file = journey.folder.url.appending(path: "data/block/7")
        var content = try Data(contentsOf: file)
        content[1000] ^= 1
        try content.write(to: file)
    }

    private static func answer(_ journey: Journey, _ arguments: [String]) async throws -> Answer {
        let run = try await journey.dr(arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try await journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", "restore") == "")
        return try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
    }

    private static func sums(_ journey: Journey) async throws -> String {
        try await CommandRun.run(
            "/bin/sh", ["-c", "cd data && find . -type f | sort | xargs sha256sum"], in: journey.folder.url
        ).output
    }
}
