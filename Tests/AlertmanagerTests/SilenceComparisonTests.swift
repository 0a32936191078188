import Documents
import Testing

@testable import Alertmanager

/// The decision of a restore about each silence.
@Suite struct SilenceComparisonTests {
    private static let now = 1_800_000_000_000
    private static let hour = 3_600_000

    /// - Parameters: hours from now.
    private static func silence(
        _ id: String, from start: Int = -1, to end: Int = 2, _ matcher: Matcher = Matcher("job", "x"),
        comment: String = "c"
    ) throws -> Silence {
        try Silence([
            "id": .string(id), "createdBy": "ann", "comment": .string(comment), "matchers": [matcher.json],
            "startsAt": .string(Instant.text(now + start * hour)), "endsAt": .string(Instant.text(now + end * hour)),
        ])
    }

    private static func steps(
        _ stored: [Silence], _ present: [Silence], replaces: Bool = false
    ) -> [SilencePlan.Step] {
        SilenceComparison(now: now, replaces: replaces).plans(for: stored, present: present).map(\.step)
    }

    @Test func `an empty server gets all but those that have ended`() throws {
        let stored = [
            try Self.silence("a"), try Self.silence("b", from: 1), try Self.silence("c", from: -3, to: 0),
        ]
        #expect(Self.steps(stored, []) == [.create, .create, .skip])
    }

    @Test func `the start does not count once both have begun`() throws {
        #expect(Self.steps([try Self.silence("a", from: -9)], [try Self.silence("n", from: 0)]) == [.keep("n")])
        #expect(Self.steps([try Self.silence("a", from: 1)], [try Self.silence("n", from: 1)]) == [.keep("n")])
    }

    @Test func `twins need two on the server`() throws {
        let twins = [try Self.silence("a"), try Self.silence("b")]
        #expect(Self.steps(twins, [try Self.silence("n")]) == [.keep("n"), .create])
        #expect(Self.steps(twins, [try Self.silence("b"), try Self.silence("n")]) == [.keep("n"), .keep("b")])
    }

    @Test(arguments: [
        (2, "other"), (3, "c"),
    ])
    func `a silence that was changed after the backup is left alone`(end: Int, comment: String) throws {
        let (stored, present) = ([try Self.silence("a")], [try Self.silence("a", to: end, comment: comment)])
        #expect(Self.steps(stored, present) == [.conflict])
        #expect(Self.steps(stored, present, replaces: true) == [.change("a")])
    }

    @Test func `one that an operator ended is not created again unasked`() throws {
        let (stored, present) = ([try Self.silence("a")], [try Self.silence("a", to: 0)])
        #expect(Self.steps(stored, present) == [.conflict])
        #expect(Self.steps(stored, present, replaces: true) == [.create])
        // It was restored under a new id: nothing is left to do.
        #expect(Self.steps(stored, present + [try Self.silence("n")]) == [.keep("n")])
    }

    @Test func `one that was restored and then extended is a conflict, and no twin is created`() throws {
        let (stored, present) = ([try Self.silence("a")], [try Self.silence("n", to: 5)])
        #expect(Self.steps(stored, present) == [.conflict])
        #expect(Self.steps(stored, present, replaces: true) == [.change("n")])
    }

    @Test func `the next window of a series is another silence`() throws {
        let stored = [try Self.silence("a", from: 1, to: 2)]
        #expect(Self.steps(stored, [try Self.silence("n", from: 25, to: 26)]) == [.create])
    }

    @Test func `silences of other alerts are not looked at`() throws {
        #expect(Self.steps([try Self.silence("a")], [try Self.silence("n", Matcher("job", "y"))]) == [.create])
        #expect(
            Self.steps([try Self.silence("a")], [try Self.silence("n", Matcher("job", "x", isRegex: true))])
                == [.create])
    }

    @Test func `the canary of a set replaces the newer one of the server`() throws {
        let label = Matcher(AlertmanagerCanary.label, "alerts")
        let stored = [try Self.silence("a", label, comment: "old")]
        #expect(Self.steps(stored, [try Self.silence("a", label, comment: "new")]) == [.change("a")])
        #expect(Self.steps(stored, [try Self.silence("n", label, comment: "new")]) == [.change("n")])
        #expect(Self.steps(stored, [try Self.silence("n", label, comment: "old")]) == [.keep("n")])
        #expect(Self.steps(stored, [try Self.silence("a", to: 0, label)]) == [.create])
    }
}
