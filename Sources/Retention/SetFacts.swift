/// What is known of a backup set when its fate is decided.
package struct SetFacts: Hashable, Sendable {
    /// Its name, in seconds since 1970; no two sets of a decision share it.
    package var time: Int
    /// Every component that was configured is in it, whole.
    package var isComplete: Bool
    /// By component that it holds: true where the component is whole. Nil where that is not known: the set then counts
    /// for every component, as ``isComplete`` says.
    package var components: [String: Bool]?
    /// When it was last proved good, in seconds since 1970. What was found damaged later is ``isDamaged``.
    package var verified: Int?
    /// Known to be bad: a verification found damage, or its document cannot be read.
    package var isDamaged: Bool
    /// Kept while now is before this, in seconds since 1970; `Int.max` is for ever.
    package var pinnedUntil: Int?
    /// Bytes that only this set holds, where that was worked out: what dropping it would free.
    package var size: Int?
    /// The reason that an operator gave for dropping it; nil for a set that was not dropped.
    package var dropReason: String?
    /// The stack that it belongs to, where that is not the one that is pruned.
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

    /// Whole, and nobody found it bad.
    package var isSound: Bool { isComplete && !isDamaged }

    /// Whole, and proved good.
    package var isProved: Bool { isSound && verified != nil }
}
