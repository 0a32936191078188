/// What is known of a backup set when its fate is decided.
package struct SetFacts: Hashable, Sendable {
    /// Its name, in seconds since 1970; no two sets of a decision share it.
    package var time: Int
    /// Every component is in it, whole.
    package var isComplete: Bool
    /// When it was last proved good, in seconds since 1970. What was found damaged later is ``isDamaged``.
    package var verified: Int?
    /// Known to be bad: a verification found damage, or its document cannot be read.
    package var isDamaged: Bool
    /// Kept while now is before this, in seconds since 1970; `Int.max` is for ever.
    package var pinnedUntil: Int?
    /// Bytes that only this set holds, where somebody worked that out: what dropping it would free.
    package var size: Int?

    package init(
        time: Int, isComplete: Bool = true, verified: Int? = nil, isDamaged: Bool = false, pinnedUntil: Int? = nil,
        size: Int? = nil
    ) {
        self.time = time
        self.isComplete = isComplete
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
