import Documents

@testable import RecoveryPlan

/// Plans as texts, read with a small configuration around them.
enum PlanFixture {
    static let components = [
        "prometheus": ["url": "http://prometheus:9090", "data": "/prometheus"], "loki": ["data": "/loki"],
    ]

    static func scope(
        _ purpose: PlanScope.Purpose = .run, _ overrides: [String: String] = [:], run: String? = "r1"
    ) -> PlanScope {
        PlanScope(
            purpose, stack: "shop", overrides: overrides, components: components, run: run,
            set: run == nil ? nil : "20260101T000000Z")
    }

    static func read(_ text: String, _ scope: PlanScope = scope()) throws -> Plan {
        try PlanText(text, file: "p.yaml", folder: "/etc/dr").read(in: scope)
    }

    /// A plan whose steps are these lines, which begin without indentation.
    static func plan(steps: String, parameters: String = "{}") -> String {
        let indented = steps.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return "scenario: s\nparameters: \(parameters)\nsteps:\n" + indented.joined(separator: "\n") + "\n"
    }

    /// What is complained about, a line each, hints left out.
    static func complaints(_ text: String, _ scope: PlanScope = scope()) -> [String] {
        do {
            _ = try read(text, scope)
            return []
        } catch let error as DocumentError {
            return error.diagnostics.map { "\($0.location.line):\($0.location.column): \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }
}
