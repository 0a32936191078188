import BackupRepository
import Testing
@testable import Components

@Suite struct CanariesRestoredTests {
    private let record = RecordedCanary(component: "tree", value: "dr-20261129T050000Z-777777777777", at: 0)

    /// Two canaries of one second differ by their random part only: it must not decide which is the older.
    @Test(arguments: [
        (["dr-20261129T045959Z-888888888888"], "an older backup was restored"),
        (["dr-20261129T050001Z-000000000000"], "a newer backup"),
        (["dr-20261129T050000Z-000000000000"], "of the same second"),
        (["dr-20261129T050000Z-999999999999"], "of the same second"),
        (["something else"], "not a canary"),
        ([], "there is no canary"),
    ])
    func `another canary is named for what it is`(_ found: [String], _ expected: String) throws {
        let difference = try #require(CanariesRestored.judge(record, found: found))
        #expect(difference.contains(expected), "\(difference)")
    }

    @Test func `the canary of the set is enough`() {
        #expect(CanariesRestored.judge(record, found: ["dr-20261129T045959Z-888888888888", record.value]) == nil)
    }
}
