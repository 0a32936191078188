import ArgumentParser
import Documents
import FoundationEssentials
import Operations
import Platform
import RecoveryPlan

struct PlanList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the scenarios that have a plan.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let library = try session.planLibrary()
        let rows = library.entries.map { entry in
            Row(
                entry,
                PlanReview(
                    entry.text, in: session.planScope(.look), session.planSurroundings()
                ))
        }
        let output = Output(options: options)
        try output.result(Result(plans: rows, unreadable: library.complaints.map(\.description))) { text(rows) }
        for complaint in library.complaints { output.warn("\(complaint)") }
    }

    private func text(_ rows: [Row]) -> String {
        var table = Table([
            ("SCENARIO", .left), ("PROCEDURE", .left), ("RTO", .right), ("RPO", .right), ("STEPS", .right),
            ("AT MOST", .right), ("FROM", .left),
        ])
        for row in rows {
            table.add([
                ([row.scenario] + row.aliases).joined(separator: ", "), row.procedure ?? "-", row.rto ?? "-",
                row.rpo ?? "-", row.steps.map(String.init) ?? "-",
                row.seconds.map { Units.duration(seconds: $0) } ?? "-",
                row.place,
            ])
        }
        return table.text
    }

    struct Result: Encodable {
        var plans: [Row]
        /// Files in the folder that are not valid plans, with the reason.
        var unreadable: [String]
    }

    struct Row: Encodable {
        var scenario: String
        var aliases: [String]
        var procedure: String?
        var about: String?
        var rto: String?
        var rpo: String?
        var steps: Int?
        /// The longest time by time-outs and attempts along the critical path.
        var seconds: Int?
        var file: String
        var isBuiltIn: Bool
        var isValid: Bool
        /// Components that this built-in plan needs and this stack does not have.
        var lacks: [String]

        var place: String {
            if !lacks.isEmpty { return "\(file) (not for this stack: no \(lacks.joined(separator: ", ")))" }
            return isValid ? file : "\(file) (invalid: dr plan validate \(scenario))"
        }

        init(_ entry: PlanLibrary.Entry, _ review: PlanReview) {
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
