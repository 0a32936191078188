import BackupRepository
import Documents
import Foundation
import Operations
import Components
import Platform
import RecoveryPlan
import StackConfiguration

/// What is different about a replay that is a drill.
package struct DrillSetting: ReplayPlace {
    let stage: DrillStage
    /// Where the journal goes.
    let runs: RunFolder
    let configuration: DrillConfiguration
    /// What a negative control does; nothing in the drill itself.
    var sabotage: Sabotage?

    var session: Session { stage.session }

    /// The plan's parameters in a drill: the command line's, over dr.yaml's, over nothing where the live stack's
    /// servers would be stopped, started or installed.
    func overrides(_ given: [String: String], of text: PlanText, _ session: Session) throws -> [String: String] {
        let known = configuration.parameters.merging(given) { _, new in new }
        let plan = try text.read(in: session.planScope(.look, overrides: known))
        let harmless = plan.declared.map(\.name).filter { name in
            name == "rebuild" || name.hasPrefix("stop_") || name.hasPrefix("start_")
        }
        let names = Set(plan.declared.map(\.name))
        var values = Dictionary(harmless.map { ($0, "[]") }) { $1 }
            .merging(known.filter { names.contains($0.key) }) { _, new in new }
        if !plan.kubectlActions.isEmpty, names.contains("namespace") {
            guard known["namespace"] == nil else {
                throw UsageError(
                    "a drill makes a namespace of its own and removes it: leave 'namespace' out of --param and "
                        + "drill.parameters")
            }
            values["namespace"] = stage.namespace
        }
        return values
    }

    /// What proves that this backup came back, whole: not what is true only of the stack in its own place.
    func checks(of plan: Plan) -> [String] {
        guard configuration.checks.isEmpty else { return configuration.checks }
        let checks = session.checks
        let names = checks.names(of: .live)
        let aliases = checks.aliases.filter { Set($0.value).isSubset(of: names) }.keys
        let ofTheLiveStack = Set(names + aliases)
        let kept = plan.checks.filter { !ofTheLiveStack.contains($0) }
        return kept + proofs.filter { !kept.contains($0) }
    }

    /// Checks of what came back, beside those of the plan, for what this stack has: one that could only be skipped would
    /// make the drill one that nothing was looked at in.
    private var proofs: [String] {
        let components = stage.session.configuration.components
        let present = components.map { type(of: $0.settings) }
        var proofs = stage.session.kinds.filter { kind in present.contains { $0 == kind } }.flatMap {
            CheckRegistry.names(of: .drill, offeredBy: $0)
        }
        if present.contains(where: { $0.recordedQueries != nil }) { proofs.append(DataEquality.checkName) }
        let hasCanaries = !stage.session.configuration.checks.canaries.isEmpty
        return hasCanaries ? proofs + [CanariesRestored.checkName] : proofs
    }

    func services(_ recovery: StackRecovery) -> any RecoveryServices {
        var recovery = recovery
        if case .oldSet(_, let expected)? = sabotage { recovery.expected = expected }
        var services = DrillServices(stage: stage, recovery: recovery)
        switch sabotage {
        case .droppedDashboard(let component)?:
            services.afterRestore = { [session = stage.session] restored in
                if restored == component { try await Sabotage.dropObject(of: component, session) }
            }
        case .emptyService(let component)?: services.kept = [component]
        default: break
        }
        return services
    }
}
