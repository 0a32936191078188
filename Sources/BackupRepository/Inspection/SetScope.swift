internal import Platform

/// The sets to which a configuration applies: those of its stack, up to the present.
package struct SetScope: Equatable, Sendable {
    /// The stack's name; nil for the sets of every stack.
    package var stack: String?
    /// Names that the stack had before.
    package var formerStacks: Set<String>
    /// Seconds by which clocks may differ: a set with a later name or end is from the future.
    package var clockTolerance: Int

    package init(stack: String? = nil, formerStacks: Set<String> = [], clockTolerance: Int = 300) {
        self.stack = stack
        self.formerStacks = formerStacks
        self.clockTolerance = clockTolerance
    }

    /// Returns true if the set is this stack's. A set that records no stack belongs to every stack.
    package func owns(_ set: BackupSet) -> Bool {
        guard let stack, let other = set.stack else { return true }
        return stack == other || formerStacks.contains(other)
    }

    package func isFuture(_ time: Timestamp, at now: Timestamp) -> Bool {
        time.seconds > now.seconds.addingClamped(clockTolerance)
    }

    package func isFuture(_ set: BackupSet, at now: Timestamp) -> Bool {
        isFuture(set.name, at: now) || isFuture(set.finished, at: now)
    }
}
