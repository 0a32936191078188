import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Repositories of earlier versions: their content can always be restored.
@Suite struct GoldenRepositoryTests {
    private static let folder = Checkout.url("fixtures/repositories")

    @Test(arguments: ["format-1"]) func `every backup set of the golden repository restores correctly`(name: String)
        async throws
    {
        let fixture = try Fixture()
        let golden = Self.folder.appending(path: name)
        let copy = fixture.folder.url.appending(path: "golden")
        try FileManager.default.copyItem(at: golden.appending(path: "repository"), to: copy)
        let repository = try Repository(opening: try DirectoryStore(path: copy.path))
        #expect(try await fixture.verify(repository).findings.isEmpty)
        let sets = try repository.setNames()
        #expect(sets.count == 2)
        for (number, set) in sets.enumerated() {
            try await fixture.restore(repository, set: try repository.set(set), to: "out-\(number)")
            let diff = try await CommandRun.run(
                "/usr/bin/diff",
                [
                    "-r", "--no-dereference", golden.appending(path: "expected-\(number + 1)").path,
                    fixture.folder.url.appending(path: "out-\(number)").path,
                ])
            #expect(diff.status == 0, "\(diff.output)")
        }
    }
}
