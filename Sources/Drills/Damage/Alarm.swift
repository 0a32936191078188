internal import FoundationEssentials
internal import Platform

/// A step or a check that failed in a negative control.
package struct Alarm: Equatable, Sendable {
    package var name: String
    /// The reason in one line.
    package var why: String
    /// True if the failure reports damaged stored data, and not another error.
    package var isDamage: Bool

    private static let longest = 300

    /// - Parameter message: the error; its hint is removed, since it applies to recoveries only.
    package init(_ name: String, _ message: String, isDamage: Bool = false) {
        self.name = name
        self.isDamage = isDamage
        let text = message.prefix(upTo: message.firstRange(of: "\nhint: ")?.lowerBound ?? message.endIndex)
        let line = text.split(separator: "\n").map { $0.trimmed }
            .reduce("") { $0.isEmpty ? $1 : $0 + ($0.hasSuffix(":") ? " " : "; ") + $1 }
        why = line.count > Self.longest ? line.prefix(Self.longest - 1) + "…" : line
    }

    /// Returns true if the damage was detected.
    /// - Parameters:
    ///   - expected: the steps and checks of which at least one must have failed.
    ///   - asDamage: true if that failure must report damage; an unavailable store does not count.
    package static func isNoticed(_ alarms: [Alarm], by expected: [String], asDamage: Bool) -> Bool {
        alarms.contains { expected.contains($0.name) && ($0.isDamage || !asDamage) }
    }
}
