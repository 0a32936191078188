import Documents
import Platform
package import RecoveryPlan

/// The plans of a stack: the output of `dr plan list`.
package struct PlanListing: Encodable {
    package var plans: [Row]
    /// Files in the folder that are not valid plans, with the reason.
    package var unreadable: [String]

    package init(_ session: Session, _ library: PlanLibrary) {
        plans = library.entries.map { entry in
            Row(entry, PlanReview(entry.text, in: session.planScope(.look), session.planSurroundings()))
        }
        unreadable = library.complaints.map(\.description)
    }

    package struct Row: Encodable {
        package var scenario: String
        package var aliases: [String]
        package var procedure: String?
        package var about: String?
        package var rto: String?
        package var rpo: String?
        package var steps: Int?
        /// The longest time by time-outs and attempts along the critical path.
        package var seconds: Int?
        package var file: String
        package var isBuiltIn: Bool
        package var isValid: Bool
        /// Components that this built-in plan needs and this stack does not have.
        package var lacks: [String]

        package var place: String {
            if !lacks.isEmpty { return "\(file) (not for this stack: no \(lacks.joined(separator: ", ")))" }
            return isValid ? file : "\(file) (invalid: dr plan validate \(scenario))"
        }

        fileprivate init(_ entry: PlanLibrary.Entry, _ review: PlanReview) {
            scenario = entry.scenario
            aliases = entry.aliases
            file = entry.text.file
            isBuiltIn = entry.isBuiltIn
            lacks = review.lacking(of: entry)
            isValid = review.errors.isEmpty || !lacks.isEmpty
            guard let plan = review.plan else { return }
            procedure = plan.procedure
            about = plan.about
            rto = plan.objectives.rto?.description
            rpo = plan.objectives.rpo?.description
            steps = plan.steps.count
            seconds = Int(clamping: StepGraph(plan.steps).criticalPath { Double($0.longestDuration) }.length)
        }
    }
}
