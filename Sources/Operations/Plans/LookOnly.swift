import FoundationEssentials
import Notifications
import Components
import Platform
package import RecoveryPlan

/// Services that describe a plan's actions from the configuration, and do nothing.
struct LookOnly: RecoveryServices {
    /// The directory or URL of each component, from the configuration.
    let places: [String: String]

    func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview {
        let place = request.to ?? places[request.component]
        let parts = request.paths.isEmpty ? "" : ", only \(request.paths.joined(separator: ", "))"
        return ActionPreview(["restore \(request.component)\(place.map { " to \($0)" } ?? "")\(parts)"])
    }

    private struct Refusal: Error, CustomStringConvertible {
        var description: String { "a preview of a plan cannot run actions" }
    }

    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        throw Refusal()
    }

    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] { [] }
    func notify(_ notice: Notice) async -> String? { "a preview does not send any" }
    func backup(maximumAge: Int?) async throws -> String { throw Refusal() }
    func confirm(_ question: String) async throws { throw Refusal() }
    func now() -> Date { WallClock.system.now }
}

extension Session {
    /// The context for a look at a plan's clusters, with this process's environment.
    package func preflightContext(for plan: Plan) -> ActionContext {
        var context = lookContext(for: plan)
        context.environment = ProcessInfo.processInfo.environment
        context.folder = programFolder
        return context
    }

    /// The context for the description of a plan's actions.
    package func lookContext(for plan: Plan) -> ActionContext {
        let scope = planScope(.look)
        return ActionContext(
            run: RunIdentity(id: "${run}", stack: scope.stack, scenario: plan.scenario, set: "${set}"),
            services: LookOnly(places: scope.components.compactMapValues { $0["data"] ?? $0["url"] }),
            pool: pool, logger: logger, environment: [:], folder: folder, tell: { _ in })
    }
}
