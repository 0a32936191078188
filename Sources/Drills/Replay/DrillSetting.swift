import BackupRepository
import Documents
import FoundationEssentials
import Operations
import Components
import Platform
import RecoveryPlan
import StackConfiguration

/// The environment of a plan's run in a drill.
package struct DrillSetting: ReplayPlace {
    let stage: DrillStage
    /// The folder of the journal.
    let runs: RunFolder
    let configuration: DrillConfiguration
    /// The fault of a control run; nil in the drill itself.
    var sabotage: Sabotage?

    var session: Session { stage.session }

    func overrides(_ given: [String: String], of text: PlanText, _ session: Session) throws -> [String: String] {
        try configuration.overrides(given, of: text, in: session, namespace: stage.namespace)
    }

    /// The checks of the restored data, without checks that only the live stack can pass.
    func checks(of plan: Plan) -> [String] {
        guard configuration.checks.isEmpty else { return configuration.checks }
        let checks = session.checks
        let names = checks.names(of: .live)
        let aliases = checks.aliases.filter { Set($0.value).isSubset(of: names) }.keys
        let ofTheLiveStack = Set(names + aliases)
        let kept = plan.checks.filter { !ofTheLiveStack.contains($0) }
        return kept + proofs.filter { !kept.contains($0) }
    }

    /// Additional checks of the restored data for the kinds of this stack. Checks that would be skipped are not included,
    /// since a drill with only skipped checks is inconclusive.
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
        case .droppedObject(let component, _)?:
            services.afterRestore = { [session = stage.session] restored in
                if restored == component { try await Sabotage.dropObject(of: component, session) }
            }
        case .emptyService(let component)?: services.kept = [component]
        default: break
        }
        return services
    }
}

extension DrillConfiguration {
    /// The plan's parameters in a drill. The command line overrides dr.yaml, which overrides empty values for parameters
    /// that would stop, start or install the live stack's servers.
    func overrides(
        _ given: [String: String], of text: PlanText, in session: Session, namespace: String
    ) throws -> [String: String] {
        let known = parameters.merging(given) { _, new in new }
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
                    "a drill creates and removes its own namespace: remove 'namespace' from --param and "
                        + "drill.parameters")
            }
            values["namespace"] = namespace
            if let context = cluster.context, names.contains("context"), known["context"] == nil {
                values["context"] = context
            }
        }
        return values
    }
}
