internal import Platform

/// Compares the live data of a component with its backups, part by part, and puts back only the parts that are damaged
/// or missing. A part is what the server itself reads as a unit: a block, a chunk.
///
/// It never touches the newest data of the server, and never replaces an intact part.
package protocol ComponentHealer: Sendable {
    /// Blocks must not be read twice at the same time: the caller makes one call at a time for a component.
    /// - Throws: `ComponentError` if the live data cannot be read. A part that cannot be put back is in the report.
    func heal(_ request: HealRequest) async throws -> HealReport
}

package struct HealRequest: Sendable {
    package var component: String
    /// The backups to take parts from, newest first.
    package var backups: [HealBackup]
    package var isDryRun = false
    /// Also puts back parts that the server may have deleted itself.
    package var restoresMissing = false
    /// The present time, for the name of the folder with the replaced parts.
    package var stamp: Timestamp
    package var progress: WorkProgress

    package init(component: String, backups: [HealBackup], stamp: Timestamp, progress: WorkProgress) {
        self.component = component
        self.backups = backups
        self.stamp = stamp
        self.progress = progress
    }
}

/// The findings of a heal, and what it did about each.
package struct HealReport: Codable, Equatable, Sendable {
    package struct Part: Codable, Equatable, Sendable {
        package enum State: String, Codable, Sendable { case damaged, missing }
        package enum Action: String, Codable, Sendable {
            case healed
            /// A dry run.
            case wouldHeal = "would heal"
            /// It stays as it is; the reason says why.
            case skipped
        }

        /// A path in the data directory, or the name of an object.
        package var name: String
        package var state: State
        package var action = Action.skipped
        /// The set that has it.
        package var set: String?
        /// The damage.
        package var damage: [String] = []
        /// The reason why it is skipped.
        package var reason: String?

        package init(_ name: String, _ state: State, damage: [String] = []) {
            self.name = name
            self.state = state
            self.damage = damage
        }
    }

    /// The number of live parts that were read.
    package var examined = 0
    package var parts: [Part] = []
    /// The folder with the replaced parts.
    package var kept: String?
    /// Bytes of contents that the store delivered.
    package var fetchedBytes = 0
    /// Bytes of contents that came from the live parts themselves.
    package var reusedBytes = 0
    /// Instructions for the operator, such as to restart the server.
    package var server: [String] = []
    package var notes: [String] = []
    /// Objects that a server refused.
    package var failed = 0

    package init() {}

    package var healed: Int { parts.count { $0.action == .healed } }
    package var toHeal: Int { parts.count { $0.action == .wouldHeal } }
    /// Damaged parts that stay damaged.
    package var unhealed: Int { parts.count { $0.action == .skipped && $0.state == .damaged } }
}
