import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// A run that is killed after its N-th store operation, for every N: committed sets stay whole, and the next run works
/// as usual.
@Suite struct CrashTests {
    @Test func `a backup killed at any point harms nothing`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let whole = FaultyStore(try fixture.store())
        try await fixture.backup(try fixture.repository(whole), state: "unused")
        let operations = whole.operations
        #expect(operations > 20, "the tree needs several packs")

        var untold = 0
        for limit in 0..<operations {
            let fixture = try Fixture()
            try fixture.writeTree()
            let repository = try fixture.repository()
            // A committed set that must survive. Each run has its own times: if names collide, a run needs one more
            // operation.
            let base = try await fixture.backup(repository) { Timestamp(seconds: 1_790_000_000) }
            try fixture.write("many/0", "changed since")
            try fixture.write("added", Fixture.noise(5000, seed: 7))
            let dying = FaultyStore(try fixture.store(), limit: limit)
            do {
                // A lost cache makes the run read every index too, so it has the largest number of operations.
                try await fixture.backup(try Repository(opening: dying), state: "elsewhere") {
                    Timestamp(seconds: 1_790_000_060)
                }
                #expect(limit > 10, "every point up to the last was tried")
                break
            } catch {}
            let report = try await fixture.verify(repository)
            #expect(report.findings.isEmpty, "limit \(limit): \(report.findings)")
            // A run that was killed right after it wrote the set left a whole set, although it did not report it.
            #expect(try repository.setNames().first == base.set.name)
            untold += try repository.setNames().count - 1
            let next = try await fixture.backup(repository, state: "elsewhere")
            #expect(next.set.status == .complete)
            try await fixture.restore(repository, set: next.set, to: "out")
            try await fixture.expectSame("out")
        }
        #expect(untold <= 1)
    }

    @Test func `an interrupted restore resumes, wherever it was killed`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let set = try await fixture.backup(repository).set
        let counting = FaultyStore(try fixture.store())
        try await fixture.restore(try Repository(opening: counting), set: set, to: "whole")
        for limit in 1..<counting.operations {
            let dying = FaultyStore(try fixture.store(), limit: limit)
            await #expect(throws: FaultyStore.Killed.self) {
                try await fixture.restore(try Repository(opening: dying), set: set, to: "out-\(limit)")
            }
            #expect(
                !FileManager.default.fileExists(atPath: fixture.folder.url.appending(path: "out-\(limit)").path),
                "half a tree must not be in the target's place")
            let report = try await fixture.restore(repository, set: set, to: "out-\(limit)")
            if limit == counting.operations - 1 { #expect(report.reusedFiles > 0, "existing files are reused") }
            try await fixture.expectSame("out-\(limit)")
        }
    }

    /// The transaction of the catalog ends with the set: a run killed in between leaves the catalog of the previous
    /// set.
    @Test func `the catalog follows the sets`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        try fixture.write("many/0", "changed")
        let counting = FaultyStore(try fixture.store())
        let probe = try await fixture.backup(try Repository(opening: counting))
        try fixture.write("many/0", "changed again")
        // Three operations less than the last run: the manifest is followed by the set, the outcome and the end of the
        // mark.
        let dying = FaultyStore(try fixture.store(), limit: counting.operations - 3)
        await #expect(throws: (any Error).self) { try await fixture.backup(try Repository(opening: dying)) }
        #expect(try repository.setNames().last == probe.set.name)
        let next = try await fixture.backup(repository)
        #expect(next.set.components["tree"]?.added.bytes == 13)
        try await fixture.restore(repository, set: next.set, to: "out")
        try await fixture.expectSame("out")
    }
}
