package import Documents

/// A recovery plan for one run, with its references replaced and only the steps that belong to the run.
package struct Plan: Equatable, Sendable {
    /// The scenario name, as `--scenario` takes it.
    package var scenario = ""
    /// Alternative scenario names.
    package var aliases: [String] = []
    /// The name of the procedure in the runbook, such as "full_cluster_restore".
    package var procedure: String?
    /// The purpose, in one line.
    package var about: String?
    /// The plan's objectives. The configuration's apply where the plan sets none.
    package var objectives = PlanObjectives()
    /// The state of the Kubernetes clusters of the plan when it starts.
    package var cluster = ClusterState.existing
    /// The components that the plan is to restore.
    package var restores = RestoredScope.steps
    /// The values for this run by name; a list as JSON. The command line overrides the file.
    package var parameters: [String: String] = [:]
    /// The declared parameters in the order of the file, with their values for this run.
    package var declared: [Parameter] = []
    /// The steps of this run, in the order of the file.
    package var steps: [Step] = []
    /// The steps that this run skips. Steps that need a skipped step inherit its needs.
    package var leftOut: [LeftOutStep] = []
    /// The checks after the last step, by name. They validate the recovery.
    package var checks: [String] = []

    package init() {}

    /// All names of the plan that `--scenario` takes.
    package var names: [String] { [scenario] + aliases }
}

extension Plan: Section {
    package static let keys: [Key<Self>] = [
        Key("scenario", \.scenario, as: .identifier, required: true, about: "Scenario name, as --scenario takes it."),
        Key("aliases", \.aliases, as: .list(of: .identifier), about: "Alternative scenario names."),
        Key("procedure", \.procedure, as: .text, about: "Name of the procedure in the runbook."),
        Key("about", \.about, as: .text, about: "Purpose, in one line."),
        Key("objectives", \.objectives, as: .section(), about: "Objectives of the recovery."),
        Key(
            "cluster", \.cluster, as: .word(),
            about:
                "State of the Kubernetes cluster when the plan starts: 'existing' (default), or 'rebuilt' if it need not answer yet."
        ),
        Key(
            "restores", \.restores, as: .word(),
            about:
                "'all' if the plan recovers the whole stack: a component of the set that no step restores makes the recovery partial. Default: 'steps'."
        ),
        .alreadyRead(
            "parameters", schema: Shape<[Parameter]>.parameters.schema,
            "Parameters for ${...}, with their values; --param overrides them."),
        Key(
            "steps", \.steps, as: .list(of: Step.shape), required: true,
            about: "Steps of the recovery; steps without 'needs' start at once."),
        Key(
            "checks", \.checks, as: .list(of: .identifier),
            about: "Checks that validate the recovery after the last step."),
    ]
}

package struct PlanObjectives: Equatable, Sendable {
    package var rto: Period?
    package var rpo: Period?
    /// The start of the RTO.
    package var rtoFrom = RTOStart.declared

    package init() {}
}

extension PlanObjectives: Section {
    package static let keys: [Key<Self>] = [
        Key("rto", \.rto, as: .period, about: "Recovery time objective, such as 4h (default: the one in dr.yaml)."),
        Key("rpo", \.rpo, as: .period, about: "Recovery point objective, such as 1h (default: the one in dr.yaml)."),
        Key("rto_from", \.rtoFrom, as: .word(), about: "Start of the RTO (default: declared)."),
    ]
}

/// The components that a plan is to restore.
package enum RestoredScope: String, Codable, CaseIterable, Sendable {
    /// Those of its steps.
    case steps
    /// All components of the set.
    case all
}

/// The state of a plan's Kubernetes clusters when it starts.
package enum ClusterState: String, Codable, CaseIterable, Sendable {
    /// The clusters answer. A run does not start if one does not.
    case existing
    /// The plan, or another program at the same time, builds them.
    case rebuilt
}

/// The event at which the RTO starts.
package enum RTOStart: String, Codable, CaseIterable, Sendable { case failed, declared, started }

/// A step that a run skips.
package struct LeftOutStep: Equatable, Sendable {
    package var step: Step
    /// The reason, such as "platform is host, not kubernetes".
    package var reason: String

    package init(step: Step, reason: String) {
        self.step = step
        self.reason = reason
    }
}

extension Plan {
    /// Replaces each need of a skipped step with that step's own needs. The graph must have no cycle.
    mutating func bridgeLeftOut() {
        let needsOfLeftOut = Dictionary(leftOut.map { ($0.step.id, $0.step.needs) }) { $1 }
        func bridged(_ needs: [String]) -> [String] {
            needs.reduce(into: []) { result, need in
                for id in needsOfLeftOut[need].map(bridged) ?? [need] where !result.contains(id) { result.append(id) }
            }
        }
        for index in steps.indices { steps[index].needs = bridged(steps[index].needs) }
    }
}

extension Shape where Value == String {
    /// The name of a scenario, step or check.
    static let identifier = Shape(schema: ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"]) {
        node, reader in
        guard let text = text.read(node, &reader) else { return nil }
        let isName =
            text.utf8.allSatisfy { $0.isASCIILetterOrDigit || [0x2D, 0x2E, 0x5F].contains($0) }
            && text.utf8.first?.isASCIILetterOrDigit == true
        guard node.isOpen || isName else {
            reader.complain(node, "'\(text)' is not a valid name", hint: "use letters, digits, '_', '-' and '.'")
            return nil
        }
        return text
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self & ~0x20)
    }
}
