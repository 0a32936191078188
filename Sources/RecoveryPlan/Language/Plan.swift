package import StrictYAML

/// A recovery plan as its file says it: every reference replaced, nothing left out of the graph yet.
package struct Plan: Equatable, Sendable {
    /// The word that `--scenario` takes.
    package var scenario = ""
    /// Other words for it.
    package var aliases: [String] = []
    /// The runbook's name of what is done, such as "full_cluster_restore".
    package var procedure: String?
    /// What it is for, in a line.
    package var about: String?
    /// Where they are left out, the configuration's count.
    package var objectives = PlanObjectives()
    /// With their values for this run, the command line's over the file's.
    package var parameters: [String: String] = [:]
    /// In the order of the file.
    package var steps: [Step] = []
    /// Checks after the last step, by name; what validates the recovery.
    package var checks: [String] = []

    package init() {}
}

package struct PlanObjectives: Equatable, Sendable {
    package var rto: Period?
    package var rpo: Period?
    /// Which moment the RTO is counted from.
    package var rtoFrom = RTOStart.declared

    package init() {}
}

/// The moment from which the time to recover counts.
package enum RTOStart: String, Codable, CaseIterable, Sendable { case failed, declared, started }
