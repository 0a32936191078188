/// The known facts about a backup set when retention decides on it.
package struct SetFacts: Hashable, Sendable {
    /// Its name, in seconds since 1970, unique among the sets of a decision.
    package var time: Int
    /// True if it holds every configured component, whole.
    package var isComplete: Bool
    /// For each component that it holds: true if the component is whole. Nil if that is not known: the set then counts
    /// for every component, with ``isComplete``.
    package var components: [String: Bool]?
    /// For each component the bytes of its files, if they are known.
    package var sizes: [String: Int]?
    /// The time of its last successful verification, in seconds since 1970. Damage found later is in ``isDamaged``.
    package var verified: Int?
    /// True if it is known to be bad: a verification found damage, or its document cannot be read.
    package var isDamaged: Bool
    /// It is kept until this time, in seconds since 1970; `Int.max` is for ever.
    package var pinnedUntil: Int?
    /// Bytes that only this set holds, if known: the space that dropping it frees.
    package var size: Int?
    /// The reason that an operator gave for dropping it; nil for a set that was not dropped.
    package var dropReason: String?
    /// True if a prune abandoned its run before it was written: it is not a valid set.
    package var isAbandoned = false
    /// The stack that it belongs to, if not the stack that is pruned.
    package var otherStack: String?

    package init(
        time: Int, isComplete: Bool = true, components: [String: Bool]? = nil, verified: Int? = nil,
        isDamaged: Bool = false, pinnedUntil: Int? = nil, size: Int? = nil
    ) {
        self.time = time
        self.isComplete = isComplete
        self.components = components
        self.verified = verified
        self.isDamaged = isDamaged
        self.pinnedUntil = pinnedUntil
        self.size = size
    }

    /// True if it is whole and not known to be damaged.
    package var isSound: Bool { isComplete && !isDamaged }

    /// True if it is whole and verified.
    package var isProved: Bool { isSound && verified != nil }
}
