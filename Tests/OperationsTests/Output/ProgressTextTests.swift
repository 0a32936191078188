import BackupRepository
import Testing

@testable import Operations

/// One component in the line of progress.
@Suite struct ProgressTextTests {
    @Test func `a walk tells how far it is`() {
        var state = WorkProgress.State(of: "scanning")
        #expect(ProgressDisplay.text(of: state, name: "web") == "web: scanning")
        state.files = 12
        #expect(ProgressDisplay.text(of: state, name: "web") == "web: scanning 12 so far")
        state.totalFiles = 20
        #expect(ProgressDisplay.text(of: state, name: "") == "scanning 12 of 20")
    }
}
