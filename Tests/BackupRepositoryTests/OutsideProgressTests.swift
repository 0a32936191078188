import BackupRepository
import Foundation
import Testing

/// The progress of another process, which is data from outside.
@Suite struct OutsideProgressTests {
    @Test func `impossible counts are bounded`() throws {
        let text = """
            {"phase": "\(String(repeating: "x", count: 5000))", "files": -1, "totalFiles": 9223372036854775807,
             "bytes": -9000000000000000000, "totalBytes": 9000000000000000000, "transferred": 3}
            """
        let state = try JSONDecoder().decode(WorkProgress.State.self, from: Data(text.utf8))
        #expect(state.files == 0 && state.bytes == 0 && state.transferred == 3)
        #expect(state.phase.count == 200)
        // The sum for as many processes as there can be.
        #expect(!state.totalBytes.multipliedReportingOverflow(by: 64).overflow)
        #expect(!state.totalFiles.multipliedReportingOverflow(by: 64).overflow)
    }

    @Test func `progress passes unchanged`() throws {
        var state = WorkProgress.State(of: "storing")
        (state.files, state.totalFiles, state.bytes, state.totalBytes, state.transferred) = (1, 2, 3, 4, 5)
        #expect(try JSONDecoder().decode(WorkProgress.State.self, from: JSONEncoder().encode(state)) == state)
    }
}
