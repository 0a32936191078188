/// The graph of a plan's steps in Graphviz's DOT language (https://graphviz.org/doc/info/lang.html).
package struct PlanGraphText {
    package let text: String

    package init(_ plan: Plan) {
        let critical = StepGraph(plan.steps).criticalPath { Double($0.longestDuration) }.steps
        var lines = ["digraph \(Self.quoted(plan.scenario)) {", "  rankdir=LR; node [shape=box];"]
        for step in plan.steps {
            let label = "\(step.id)\n\(step.action?.keyword ?? ""), \(step.timeout)"
            let style = critical.contains(step.id) ? ", style=bold" : ""
            lines.append("  \(Self.quoted(step.id)) [label=\(Self.quoted(label))\(style)];")
        }
        for step in plan.steps {
            lines += step.needs.map { "  \(Self.quoted($0)) -> \(Self.quoted(step.id));" }
        }
        text = (lines + ["}"]).joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
    }
}
