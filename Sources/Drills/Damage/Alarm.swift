internal import Foundation

/// A step or a check that failed in a negative control.
package struct Alarm: Equatable, Sendable {
    package var name: String
    /// In a line.
    package var why: String
    /// Whether it says that what is stored is damaged, and not that something else went wrong meanwhile.
    package var isDamage: Bool

    private static let longest = 300

    /// - Parameter message: of which the advice is left out: it is for a recovery, and not for a control.
    package init(_ name: String, _ message: String, isDamage: Bool = false) {
        self.name = name
        self.isDamage = isDamage
        let text = message.prefix(upTo: message.firstRange(of: "\nhint: ")?.lowerBound ?? message.endIndex)
        let line = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .reduce("") { $0.isEmpty ? $1 : $0 + ($0.hasSuffix(":") ? " " : "; ") + $1 }
        why = line.count > Self.longest ? line.prefix(Self.longest - 1) + "…" : line
    }

    /// Whether the damage was noticed for what it is.
    /// - Parameters:
    ///   - expected: steps and checks of which at least one has to have failed.
    ///   - asDamage: whether that one has to have called it damage: a store that was away is no proof.
    package static func isNoticed(_ alarms: [Alarm], by expected: [String], asDamage: Bool) -> Bool {
        alarms.contains { expected.contains($0.name) && ($0.isDamage || !asDamage) }
    }
}
