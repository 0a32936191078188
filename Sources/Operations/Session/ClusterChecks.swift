import Documents
import Kubernetes
import RecoveryPlan

/// Checks the Kubernetes clusters that the plans use with the values of their files.
///
/// A plan that needs `--param` for its cluster is checked by `dr plan validate --cluster`.
package struct ClusterChecks {
    package let session: Session

    package init(session: Session) { self.session = session }

    /// - Throws: `CancellationError`.
    package func run() async throws -> [Check] {
        guard let library = try? session.planLibrary() else { return [] }
        var checks: [Check] = []
        for entry in library.entries {
            let review = PlanReview(entry.text, in: session.planScope(.look), session.planSurroundings())
            guard let plan = review.plan, review.errors.isEmpty else { continue }
            let preflight = PlanPreflight(plan: plan, context: session.preflightContext(for: plan))
            guard preflight.usesCluster else { continue }
            let findings = try await preflight.run()
            checks += findings.map { finding in
                Check(
                    "plan \(plan.scenario)", verdict: finding.severity == .error ? .failed : .warning, finding.text)
            }
            if !findings.hasErrors {
                checks.append(
                    Check("plan \(plan.scenario)", verdict: .ok, "its clusters answer and permit its actions"))
            }
        }
        return checks
    }
}
