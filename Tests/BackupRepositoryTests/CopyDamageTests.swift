import Foundation
import Testing

@testable import BackupRepository

/// The note of damage in a copy.
@Suite struct CopyDamageTests {
    private let files: Fixture
    private let state: StateFolder
    private let url = "file:///second"

    init() throws {
        files = try Fixture()
        state = try files.state(of: try files.repository())
    }

    private func check(_ objects: Int, _ depth: VerificationLevel, hour: Int = 0) -> CopyDamage {
        CopyDamage(
            objects: objects, found: Timestamp(seconds: 1_800_000_000 + hour * 3600), depth: depth, location: url)
    }

    @Test(arguments: [VerificationLevel.structure, .data], [VerificationLevel.structure, .data])
    func `only a check of the whole copy that reads as much finds damage gone`(
        known: VerificationLevel, later: VerificationLevel
    ) throws {
        try state.record(check(3, known), ofCopy: "offsite", isComplete: true)
        try state.record(check(0, later, hour: 1), ofCopy: "offsite", isComplete: false)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(3, known))
        try state.record(check(0, later, hour: 1), ofCopy: "offsite", isComplete: true)
        let isGone = later == .data || known == .structure
        #expect(state.damage(ofCopy: "offsite", at: url) == (isGone ? nil : check(3, known)))
        #expect(state.damage(ofCopy: "onsite", at: url) == nil)
    }

    @Test func `a check that finds less because it sees less hides nothing`() throws {
        try state.record(check(1, .data), ofCopy: "offsite", isComplete: false)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(1, .data), "a part is enough to find damage")
        try state.record(check(5, .data, hour: 1), ofCopy: "offsite", isComplete: true)
        try state.record(check(2, .structure, hour: 2), ofCopy: "offsite", isComplete: true)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(5, .data, hour: 2))
        try state.record(check(6, .data, hour: 3), ofCopy: "offsite", isComplete: false)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(6, .data, hour: 3))
        try state.record(check(2, .data, hour: 4), ofCopy: "offsite", isComplete: true)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(2, .data, hour: 4))
    }

    @Test func `damage at another address says nothing, and goes with the next that is found`() throws {
        try state.record(check(5, .data), ofCopy: "offsite", isComplete: true)
        #expect(state.damage(ofCopy: "offsite", at: "file:///third") == nil)
        var other = check(1, .structure, hour: 1)
        other.location = "file:///third"
        try state.record(other, ofCopy: "offsite", isComplete: false)
        #expect(state.damage(ofCopy: "offsite", at: "file:///third") == other)
        #expect(state.damage(ofCopy: "offsite", at: url) == nil)
    }

    @Test func `a note that cannot be read is none, and the next check replaces it`() throws {
        try state.record(check(3, .data), ofCopy: "offsite", isComplete: true)
        let file = URL(filePath: "\(state.root)/copies/offsite.damage.json")
        let good = try String(contentsOf: file, encoding: .utf8)
        let number = "\"objects\":3"
        #expect(good.contains(number))
        let bad = [
            "", "{", "[]", "null", String(repeating: "[", count: 100_000), String(good.dropLast(20)),
            good.replacing(number, with: "\"objects\":0"),
            good.replacing(number, with: "\"objects\":-9223372036854775808"),
            good.replacing(number, with: "\"objects\":1e300"),
            good.replacing("20270115T080000Z", with: "99999999T999999Z"),
        ]
        for text in bad.map({ Data($0.utf8) }) + [Data([0xff, 0, 0xfe])] {
            try text.write(to: file)
            #expect(state.damage(ofCopy: "offsite", at: url) == nil, "\(text)")
            try state.record(check(0, .data), ofCopy: "offsite", isComplete: true)
        }
        try state.record(check(1, .structure), ofCopy: "offsite", isComplete: true)
        #expect(state.damage(ofCopy: "offsite", at: url) == check(1, .structure))
    }
}
