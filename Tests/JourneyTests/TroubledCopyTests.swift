import Foundation
import Lab
import Testing

/// What an operator is told about a copy in trouble: it is about the copy, never about the first store.
@Suite struct TroubledCopyTests {
    private func journey(_ place: TemporaryFolder) async throws -> Journey {
        let journey = try await Journey(store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        journey.keep(place)
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        return journey
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a copy that begins anew on a full disk has no sets in the status`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let disk = try await TinyDisk(kibibytes: 400)
        let second = place.url.appending(path: "second")
        try FileManager.default.removeItem(at: second)
        try FileManager.default.createSymbolicLink(atPath: second.path, withDestinationPath: disk.path)
        try Data(CorpusRandom.noise(600_000, seed: 1)).write(to: journey.data.appending(path: "large"))
        try await journey.expect(0, "backup")
        let full = try await journey.expect(3, "copy", "--create")
        let text = full.output + full.errors
        #expect(text.contains("No space left") && text.contains("by its `retention:`"), "\(text)")
        #expect(!text.contains("dr prune"), "\(text)")
        let status = try await journey.expect(0, "status")
        #expect(status.output.contains("copy offsite: no set yet"), "\(status.output)")
    }

    @Test func `a set whose document is damaged in the copy is named, and the copy is not up to date`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let sets = place.url.appending(path: "second/sets")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: sets.path).first { $0.hasSuffix("Z.json") })
        let document = sets.appending(path: name)
        var bytes = try Data(contentsOf: document)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: document)
        let run = try await journey.expect(3, "copy")
        #expect(run.output.contains("`dr repair --copy offsite` puts back"), "\(run.output)")
        let status = try await journey.expect(0, "status")
        #expect(status.output.contains("copy offsite: not up to date"), "\(status.output)")
        try await journey.expect(0, "repair", "--copy", "offsite")
        try await journey.expect(0, "copy")
    }

    @Test func `another repository in the place of a copy is not accepted for the first store`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try FileManager.default.removeItem(at: place.url.appending(path: "second"))
        let other = try await Journey()
        try FileManager.default.copyItem(at: other.repository, to: place.url.appending(path: "second"))
        let run = try await journey.expect(3, "copy")
        let text = run.output + run.errors
        #expect(text.contains("name another place as copy 'offsite'") && !text.contains("--adopt"), "\(text)")
    }

    @Test func `a restore that passes over a copy that is gone says how to begin it`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try FileManager.default.removeItem(at: place.url.appending(path: "second"))
        try FileManager.default.createDirectory(
            at: place.url.appending(path: "second"), withIntermediateDirectories: false)
        // The first store lacks an object, so the restore asks the copy.
        let files = try FileManager.default.subpathsOfDirectory(atPath: journey.repository.path)
        for file in files where file.hasSuffix(".tar.gz") {
            try FileManager.default.removeItem(at: journey.repository.appending(path: file))
        }
        let run = try await journey.dr(["restore", "--component", "tree", "--to", "out"])
        #expect(run.status != 0 && run.errors.contains("copy offsite is passed over"), "\(run.errors)")
        #expect(run.errors.contains("`dr copy offsite --create`") && !run.errors.contains("dr init"), "\(run.errors)")
    }

    @Test func `sets that only the copy has are named, and come back by a repair`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let sets = journey.repository.appending(path: "sets")
        for file in try FileManager.default.contentsOfDirectory(atPath: sets.path) {
            try FileManager.default.removeItem(at: sets.appending(path: file))
        }
        let run = try await journey.expect(0, "copy")
        #expect(run.errors.contains("the first store lacks 1 set of copy offsite"), "\(run.errors)")
        #expect(run.errors.contains("`dr repair` brings back") && !run.output.contains("no set yet"), "\(run.output)")
        let status = try await journey.dr(["status"])
        #expect(status.output.contains("copy offsite: up to date, newest set "), "\(status.output)\(status.errors)")
        try await journey.expect(0, "repair")
        try await journey.expect(0, "status")
    }

    @Test(arguments: [true, false])
    func `a drill takes from the copy what the first store lacks or has damaged`(isMissing: Bool) async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = """
            scenario: loss
            objectives: {rto: 4h, rpo: 1h}
            steps:
              - {id: tree, restore: tree, timeout: 5m}

            """
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        let files = try FileManager.default.subpathsOfDirectory(atPath: journey.repository.path)
        for file in files where file.hasSuffix(".tar.gz") {
            let pack = journey.repository.appending(path: file)
            if isMissing {
                try FileManager.default.removeItem(at: pack)
            } else {
                var bytes = try Data(contentsOf: pack)
                bytes[bytes.count / 2] ^= 1
                try bytes.write(to: pack)
            }
        }
        try await journey.expect(0, "drill", "--scenario", "loss")
    }
}
