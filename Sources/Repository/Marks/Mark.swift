/// A later fact, in a sealed document under `marks/<kind>/<timestamp>-<id>.json`: written once, like everything else.
package protocol Mark: Codable, Equatable, Sendable {
    /// The part of the key, and the document's `kind`.
    static var kind: String { get }
    var format: Int { get }
    var kind: String { get }
    /// By the clock of the machine that wrote it.
    var at: Timestamp { get }
}

/// What was read of the sets that a verification proved.
package enum VerifiedDepth: String, Codable, Sendable, Comparable {
    /// Every document by its hash, every pack by presence and size.
    case structure
    /// That, and every byte of a share of the packs.
    case share
    /// Every byte.
    case all

    private var rank: Int { self == .structure ? 0 : self == .share ? 1 : 2 }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// `verified`: what a verification found of some sets. One mark for all of them: a hundred sets are one object.
package struct VerifiedMark: Mark {
    package static let kind: String = "verified"
    package var format: Int = RepositoryFormat.version
    package var kind: String = VerifiedMark.kind
    package var at: Timestamp
    package var tool: String
    package var read: VerifiedDepth
    /// Nothing is wrong with them.
    package var good: [Timestamp]
    /// They cannot be restored whole.
    package var damaged: [Timestamp]

    package init(at: Timestamp, tool: String, read: VerifiedDepth, good: [Timestamp], damaged: [Timestamp]) {
        self.at = at
        self.tool = tool
        self.read = read
        self.good = good
        self.damaged = damaged
    }
}

/// `drilled`: a set was restored in isolation, and what came back was checked.
package struct DrilledMark: Mark {
    package static let kind: String = "drilled"
    package var format: Int = RepositoryFormat.version
    package var kind: String = DrilledMark.kind
    package var at: Timestamp
    package var tool: String
    package var set: Timestamp
    package var scenario: String?
    package var passed: Bool

    package init(at: Timestamp, tool: String, set: Timestamp, scenario: String?, passed: Bool) {
        self.at = at
        self.tool = tool
        self.set = set
        self.scenario = scenario
        self.passed = passed
    }
}

/// `pinned`: a set is kept whatever the policy says.
package struct PinnedMark: Mark {
    package static let kind: String = "pinned"
    package var format: Int = RepositoryFormat.version
    package var kind: String = PinnedMark.kind
    package var at: Timestamp
    package var set: Timestamp
    /// Absent: for ever.
    package var until: Timestamp?
    package var reason: String?

    package init(at: Timestamp, set: Timestamp, until: Timestamp?, reason: String?) {
        self.at = at
        self.set = set
        self.until = until
        self.reason = reason
    }
}

/// `unpinned`: pins of the set that are older than this are over.
package struct UnpinnedMark: Mark {
    package static let kind: String = "unpinned"
    package var format: Int = RepositoryFormat.version
    package var kind: String = UnpinnedMark.kind
    package var at: Timestamp
    package var set: Timestamp

    package init(at: Timestamp, set: Timestamp) {
        self.at = at
        self.set = set
    }
}
