import BackupRepository
import RecoveryPlan
import Testing

@testable import Operations

@Suite struct BoardRowsTests {
    @Test(arguments: [(80, 3), (40, 4), (39, 5), (10, 13), (0, 114)])
    func `a board that was drawn on a wider terminal takes more rows`(columns: Int, rows: Int) {
        #expect(BoardRows.count([79, 0, 34], columns: columns) == rows)
    }

    @Test func `colours take no columns`() { #expect(BoardRows.columns("\u{1B}[31mred\u{1B}[0m 漢") == 6) }

    @Test func `the rate of a transfer comes from the last seconds`() throws {
        let restores = RestoreProgress()
        let work = WorkProgress()
        restores.begin("loki", work)
        work.begin("fetching")
        #expect(restores.transfers(now: 0).first?.rate == nil)
        work.update { state in (state.bytes, state.totalBytes) = (1000, 5000) }
        #expect(restores.transfers(now: 2).first?.rate == 500)
        #expect(restores.transfers(now: 2.1).first?.secondsLeft == 8)
        work.begin("checking")
        #expect(restores.transfers(now: 5).first?.rate == nil)
    }
}
