package import FoundationEssentials

/// The changes of a plan since the last test of its scenario.
package struct PlanChange: Codable, Equatable, Sendable {
    /// The run that tested the scenario last.
    package var run: String
    package var at: Date
    /// SHA-256 of the plan's file in that run.
    package var planDigest: String
    /// One line for each change; empty if the course of the plan is the same. Nil if that run does not record the parts
    /// of its plan.
    package var changes: [String]?

    package init(run: String, at: Date, planDigest: String, changes: [String]?) {
        self.run = run
        self.at = at
        self.planDigest = planDigest
        self.changes = changes
    }

    /// - Parameter digest: of the plan's file now.
    /// - Parameter outline: of the plan now; nil if it cannot be read.
    package init(since test: RunRecord, digest: String, outline: PlanOutline?) {
        let isSame = test.planDigest == digest
        let earlier = test.outline
        self.init(
            run: test.identity.id, at: test.startedAt, planDigest: test.planDigest,
            changes: isSame ? [] : earlier.flatMap { earlier in outline?.changes(since: earlier) })
    }

    /// True if the course of the plan may be another one.
    package var isSubstantive: Bool { changes.map { !$0.isEmpty } ?? true }

    /// One line for reports: "unchanged", or the changes.
    package var text: String {
        guard let changes else { return "changed; the earlier run does not record its steps" }
        return changes.isEmpty ? "unchanged" : changes.joined(separator: "; ")
    }
}
