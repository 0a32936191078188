package import Documents

/// A recovery plan for one run: every reference replaced, and only the steps that belong to it.
package struct Plan: Equatable, Sendable {
    /// The word that `--scenario` takes.
    package var scenario = ""
    /// Other words for it.
    package var aliases: [String] = []
    /// The runbook's name of what is done, such as "full_cluster_restore".
    package var procedure: String?
    /// What it is for, in a line.
    package var about: String?
    /// Where they are left out, the configuration's count.
    package var objectives = PlanObjectives()
    /// With their values for this run, the command line's over the file's; a list as JSON.
    package var parameters: [String: String] = [:]
    /// As the file has them, in its order, with their values for this run.
    package var declared: [Parameter] = []
    /// In the order of the file.
    package var steps: [Step] = []
    /// Steps of the file that this run has no use for. What needed one of them needs what that one needed.
    package var leftOut: [LeftOutStep] = []
    /// Checks after the last step, by name; what validates the recovery.
    package var checks: [String] = []

    package init() {}

    /// The words that `--scenario` takes for it.
    package var names: [String] { [scenario] + aliases }
}

extension Plan: Section {
    package static let keys: [Key<Self>] = [
        Key("scenario", \.scenario, as: .identifier, required: true, about: "The word that --scenario takes."),
        Key("aliases", \.aliases, as: .list(of: .identifier), about: "Other words for it."),
        Key("procedure", \.procedure, as: .text, about: "The runbook's name of what is done."),
        Key("about", \.about, as: .text, about: "What it is for, in a line."),
        Key("objectives", \.objectives, as: .section(), about: "What the recovery is measured against."),
        .alreadyRead(
            "parameters", schema: Shape<[Parameter]>.parameters.schema,
            "Names for ${...}, with their values; --set changes them."),
        Key(
            "steps", \.steps, as: .list(of: Step.shape), required: true,
            about: "What is done; steps that need nothing begin at once."),
        Key("checks", \.checks, as: .list(of: .identifier), about: "What validates the recovery after the last step."),
    ]
}

package struct PlanObjectives: Equatable, Sendable {
    package var rto: Period?
    package var rpo: Period?
    /// Which moment the RTO is counted from.
    package var rtoFrom = RTOStart.declared

    package init() {}
}

extension PlanObjectives: Section {
    package static let keys: [Key<Self>] = [
        Key("rto", \.rto, as: .period, about: "Time allowed to recover, such as 4h; dr.yaml's when left out."),
        Key("rpo", \.rpo, as: .period, about: "Loss of data allowed, such as 1h; dr.yaml's when left out."),
        Key(
            "rto_from", \.rtoFrom, as: .word(),
            about: "The moment from which the time counts; 'declared' when left out."),
    ]
}

/// The moment from which the time to recover counts.
package enum RTOStart: String, Codable, CaseIterable, Sendable { case failed, declared, started }

/// A step that a run has no use for.
package struct LeftOutStep: Equatable, Sendable {
    package var step: Step
    /// "platform is host, not kubernetes".
    package var reason: String

    package init(step: Step, reason: String) {
        self.step = step
        self.reason = reason
    }
}

extension Plan {
    /// Has what needs a step that is left out need what that one needs. The graph must have no cycle.
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
    /// A word for a scenario, a step, a check.
    static let identifier = Shape(schema: ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"]) {
        node, reader in
        guard let text = text.read(node, &reader) else { return nil }
        let isName =
            text.utf8.allSatisfy { $0.isASCIILetterOrDigit || [0x2D, 0x2E, 0x5F].contains($0) }
            && text.utf8.first?.isASCIILetterOrDigit == true
        guard node.isOpen || isName else {
            reader.complain(node, "'\(text)' is no name", hint: "use letters, digits, '_', '-' and '.'")
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
