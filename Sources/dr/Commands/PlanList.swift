import ArgumentParser
import Operations
import Platform

struct PlanList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the scenarios that have a plan.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let list = PlanListing(session, try session.planLibrary())
        let output = Output(options: options)
        try output.result(list) { text(list.plans) }
        for complaint in list.unreadable { output.warn(complaint) }
    }

    private func text(_ rows: [PlanListing.Row]) -> String {
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
}
