import BackupRepository
import Operations
import Platform
import Testing

@testable import Console

/// The words beside the colours.
@Suite struct BadgeTests {
    @Test func `an expired set is muted on the timeline and in the list, also a verified one`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        var row = try #require(console.state.snapshot?.shelf.rows.first)
        let now = console.session.now()
        row.marks.verified = row.set.name
        #expect(SetTimeline([row], now: now)?.svg.contains("class=\"verified\"") == true)
        #expect(SetsView.Row.badge(row, now: now).colour == "green")
        row.isKept = false
        for isComplete in [true, false] {
            row.set.isComplete = isComplete
            let svg = try #require(SetTimeline([row], now: now)).svg
            #expect(svg.contains("class=\"gone\"") && svg.contains(">expired<"))
            // One picture for screens, one for phones.
            #expect(svg.contains("class=\"sets\" viewBox=\"0 0 900 ") && svg.contains("narrow\" viewBox=\"0 0 340 "))
            #expect(!svg.contains("class=\"verified\"") && !svg.contains("class=\"bad\""))
            let badge = SetsView.Row.badge(row, now: now)
            #expect(badge.colour == "grey" && badge.word == "expired")
        }
        #expect(SetsView.Row(row, now: now).time == "\(row.set.name.readable) UTC")
    }

    @Test func `a component in time says why it is amber`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        let snapshot = try #require(console.state.snapshot)
        var component = try #require(snapshot.overview.components.first)
        func badge() -> PageText.Badge {
            OverviewView.Component(component, rpo: 3600, now: snapshot.overview.at).badge
        }
        (component.verified, component.gaps) = (nil, 0)
        #expect(badge().colour == "amber" && badge().word == "not verified")
        (component.verified, component.gaps) = (snapshot.overview.at, 2)
        #expect(badge().colour == "amber" && badge().word == "has gaps")
        component.gaps = 0
        #expect(badge().colour == "green" && badge().word == "ok")
    }
}
