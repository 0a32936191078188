/// A fact recorded about the repository after a backup, in a sealed document under
/// `marks/<kind>/<timestamp>-<id>.json`: written once, like every other object.
package protocol Mark: Codable, Equatable, Sendable {
    /// The first defect in the values of a mark that was read; nil if there is none.
    var defect: String? { get }
    /// The part of the key, and the document's `kind`.
    static var kind: String { get }
    var format: Int { get }
    var kind: String { get }
    /// The time on the clock of the machine that wrote it.
    var at: Timestamp { get }
    /// True if it can hide, release or remove a backup. Where sets are signed, such a mark counts only with a signature.
    var takesAway: Bool { get }
    /// True if a mark that takes nothing away counts only with a signature too, where sets are signed.
    static var isProof: Bool { get }
    /// True if it holds names or queries of the stack: it is then encrypted where packs are.
    static var isPrivate: Bool { get }
    /// The signer of such a mark needs one of these roles; empty if every trusted signer may sign it.
    static var roles: Set<SignerRole> { get }
    /// True to sign also a mark that takes nothing away, if this machine has a key.
    static var isAlwaysSigned: Bool { get }
}

extension Mark {
    package static var isAlwaysSigned: Bool { false }
    package static var isProof: Bool { false }
    package static var roles: Set<SignerRole> { [] }
    package static var isPrivate: Bool { false }
}

/// `drilled`: a set was restored in isolation, and the restored data were checked.
package struct DrilledMark: Mark {
    package static let kind: String = "drilled"
    package static let isAlwaysSigned = true
    package static let isProof = true
    package var format: Int = RepositoryFormat.version
    package var kind: String = DrilledMark.kind
    package var takesAway: Bool { false }
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

/// `pinned`: a set is kept regardless of the policy.
package struct PinnedMark: Mark {
    package static let kind: String = "pinned"
    package static let roles: Set<SignerRole> = [.operator]
    package var format: Int = RepositoryFormat.version
    package var kind: String = PinnedMark.kind
    /// The newest pin of a set replaces the others: one that ends soon would release it.
    package var takesAway: Bool { true }
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

/// `dropped`: an operator wants the set removed, regardless of the policy. Readers skip it at once; prunes remove it. A
/// valid pin of the set takes precedence. The mark stays after the set is gone, with the reason.
package struct DroppedMark: Mark {
    package static let kind: String = "dropped"
    package static let roles: Set<SignerRole> = [.operator]
    package var format: Int = RepositoryFormat.version
    package var kind: String = DroppedMark.kind
    package var takesAway: Bool { true }
    package var at: Timestamp
    package var tool: String
    package var set: Timestamp
    package var reason: String

    package init(at: Timestamp, tool: String, set: Timestamp, reason: String) {
        self.at = at
        self.tool = tool
        self.set = set
        self.reason = reason
    }
}

/// `unpinned`: ends the pins of the set that are older than this.
package struct UnpinnedMark: Mark {
    package static let kind: String = "unpinned"
    package static let roles: Set<SignerRole> = [.operator]
    package var format: Int = RepositoryFormat.version
    package var kind: String = UnpinnedMark.kind
    package var takesAway: Bool { true }
    package var at: Timestamp
    package var set: Timestamp

    package init(at: Timestamp, set: Timestamp) {
        self.at = at
        self.set = set
    }
}
