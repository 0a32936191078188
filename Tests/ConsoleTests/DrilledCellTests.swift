import BackupRepository
import Operations
import Testing

@testable import Console

/// Drills whose marks have no trusted signature, on the pages.
@Suite struct DrilledCellTests {
    @Test func `a drill that does not count is shown with its age and the reason`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        let set = try await console.backUp()
        let now = console.session.now()
        let drill = Timestamp(seconds: now.seconds - 7200)
        let snapshot = try #require(console.state.snapshot)

        var component = try #require(snapshot.overview.components.first)
        var row = try #require(snapshot.shelf[set.name])
        func cells() -> [String] {
            [
                OverviewView.Component(component, rpo: nil, now: now).drilled, SetsView.Row(row, now: now).drilled,
            ]
        }
        #expect(cells() == ["never", "–"])
        (component.untrustedDrill, row.marks.untrustedDrill) = (drill, drill)
        #expect(cells() == ["2h 0m ago, not signed", "2h 0m ago, not signed"])
        // An older drill that counts is the news; the remarks name the later one.
        (component.drilled, row.marks.drilled) = (set.name, set.name)
        #expect(!cells().contains { $0.contains("not signed") })
    }
}
