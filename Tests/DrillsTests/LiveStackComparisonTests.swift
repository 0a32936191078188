import Testing

@testable import Drills

@Suite struct LiveStackComparisonTests {
    private let directory = ["directory /prometheus": "device 1 inode 7"]
    private var whole: LiveLook { LiveLook(facts: directory.merging(["server": "started at 9"]) { $1 }) }
    private var silent: LiveLook { LiveLook(facts: directory, unseen: ["server": "GET /: refused"]) }

    private func compare(_ before: LiveLook, _ after: LiveLook) -> LiveStackComparison {
        LiveStackComparison(before: ["prometheus": before], after: ["prometheus": after])
    }

    private func isUntouched(_ before: LiveLook, _ after: LiveLook) -> Bool? {
        compare(before, after).digests.first.map { $0.before == $0.after }
    }

    @Test func `an unreachable server is not counted as a difference`() {
        #expect(isUntouched(whole, whole) == true)
        // What was seen twice still counts.
        #expect(isUntouched(whole, silent) == true)
        #expect(isUntouched(silent, whole) == true)
        let moved = LiveLook(facts: ["directory /prometheus": "device 1 inode 8"], unseen: silent.unseen)
        #expect(isUntouched(whole, moved) == false)
        let removed = LiveLook(facts: ["directory /prometheus": "is not there", "server": "started at 9"])
        #expect(isUntouched(whole, removed) == false)
        let restarted = LiveLook(facts: directory.merging(["server": "started at 10"]) { $1 })
        #expect(isUntouched(whole, restarted) == false)
        // Nothing was seen twice: nothing is claimed.
        #expect(isUntouched(LiveLook(unseen: ["server": "x"]), LiveLook(facts: ["server": "y"])) == nil)
    }

    @Test(arguments: [
        (0, "not be read before and after the drill"), (1, "not be read before the drill ("), (2, "not after it"),
    ])
    func `the comparison names what it could not inspect and when`(_ which: Int, _ words: String) {
        let spots = [compare(silent, silent), compare(silent, whole), compare(whole, silent)][which].blindSpots
        #expect(spots.count == 1 && spots[0].hasPrefix("live prometheus: its server could "), "\(spots)")
        #expect(spots[0].contains(words) && spots[0].contains("(GET /: refused)"), "\(spots)")
        #expect(compare(whole, whole).blindSpots == [])
    }
}
