import Documents

@testable import RecoveryPlan

/// Reads plans from text, with a small configuration.
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

    /// A plan with the given steps, whose lines are not indented.
    static func plan(steps: String, parameters: String = "{}") -> String {
        let indented = steps.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return "scenario: s\nparameters: \(parameters)\nsteps:\n" + indented.joined(separator: "\n") + "\n"
    }

    /// The error messages without their hints, one line each.
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
