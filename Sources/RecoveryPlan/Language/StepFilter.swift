internal import Documents

/// Prepares the steps of a plan before they are read: replaces references and sets steps aside whose `when` does not
/// hold.
///
/// Steps that are set aside are read too, so that errors in a plan are reported on every platform.
struct StepFilter {
    private(set) var references: References
    private let parameters: [Parameter]
    private(set) var setAside: [SetAside] = []
    private(set) var actionsSetAside: [YAMLNode] = []

    struct SetAside {
        var step: YAMLNode
        /// The step's id and needs, which can be read even if references are not replaced.
        var outline: YAMLNode
        var reason: String
    }

    /// The keys of a step that contain lists of actions.
    private static let actionLists: Set = ["stop", "start", "verify", "rollback"]

    init(_ references: References, _ parameters: [Parameter]) {
        self.references = references
        self.parameters = parameters
    }

    /// Replaces references in a value outside the steps.
    mutating func replaced(_ node: YAMLNode, _ reader: inout Reader) -> YAMLNode {
        switch references.replace(in: node, References.Use(), &reader) {
        case .node(let node): node
        case .list(let nodes): References.sequence(nodes, at: node)
        case .nothing: References.sequence([], at: node)
        }
    }

    /// Returns the list of the steps that belong to the plan.
    mutating func steps(_ node: YAMLNode, _ reader: inout Reader) -> YAMLNode {
        guard let sequence = node.sequence else { return node }
        return References.sequence(sequence.compactMap { step($0, &reader) }, at: node)
    }

    private mutating func step(_ node: YAMLNode, _ reader: inout Reader) -> YAMLNode? {
        guard let mapping = node.mapping else { return node }
        let condition = condition(of: mapping, &reader)
        var reason = condition.refusal(references)
        let use = References.Use(isSetAside: reason != nil, absent: condition.absent(references))
        let pairs = mapping.compactMap { pair -> (YAMLNode, YAMLNode)? in
            let name = pair.key.scalar?.string ?? ""
            if name == "when" { return (pair.key, pair.value) }
            var value = pair.value
            if Self.actionLists.contains(name) { value = actions(in: value, use, &reader) }
            switch references.replace(in: value, under: name, use, &reader) {
            case .node(let value): return (pair.key, value)
            case .list(let nodes): return (pair.key, References.sequence(nodes, at: value))
            case .nothing:
                guard ActionKind.named(name) != nil else { return nil }
                let why = "its '\(name)' is empty"
                reason = reason ?? why
                return Self.nothing(at: pair.key, why)
            }
        }
        let step = References.mapping(pairs, at: node)
        guard let reason else { return step }
        setAside.append(SetAside(step: step, outline: Self.outline(pairs, at: node), reason: reason))
        return nil
    }

    private static func outline(_ pairs: [(YAMLNode, YAMLNode)], at node: YAMLNode) -> YAMLNode {
        let known = pairs.filter { ["id", "needs"].contains($0.0.scalar?.string) }
        return References.mapping(known + [nothing(at: node, "skipped")], at: node)
    }

    /// Returns a placeholder action that never runs, so that the step can be read.
    private static func nothing(at node: YAMLNode, _ why: String) -> (YAMLNode, YAMLNode) {
        (node.replaced(by: ManualAction.keyword), node.replaced(by: why))
    }

    /// Returns the actions of a list whose `when` holds, with the `when` removed.
    private mutating func actions(in node: YAMLNode, _ use: References.Use, _ reader: inout Reader) -> YAMLNode {
        guard let sequence = node.sequence else { return node }
        let kept = sequence.compactMap { action -> YAMLNode? in
            guard let mapping = action.mapping, mapping.contains(where: { $0.key.scalar?.string == "when" }) else {
                return action
            }
            let condition = condition(of: mapping, &reader)
            let plain = References.mapping(
                mapping.filter { $0.key.scalar?.string != "when" }.map { ($0.key, $0.value) }, at: action)
            guard condition.refusal(references) != nil else { return plain }
            let aside = References.Use(isSetAside: true, absent: condition.absent(references) ?? use.absent)
            if case .node(let replaced) = references.replace(in: plain, aside, &reader) {
                actionsSetAside.append(replaced)
            }
            return nil
        }
        return References.sequence(kept, at: node)
    }

    private func condition(of mapping: YAMLNode.Mapping, _ reader: inout Reader) -> Condition {
        guard let written = mapping.first(where: { $0.key.scalar?.string == "when" }),
            let condition = Shape<Condition>.condition.read(written.value, &reader)
        else { return Condition() }
        for (name, value) in condition.parameters.sorted(by: { $0.key < $1.key }) {
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                let names = parameters.map(\.name) + ["component"]
                reader.complain(
                    written.value,
                    "unknown parameter '\(name)' in 'when'\(Spelling.advice(for: name, among: names))")
                continue
            }
            if !parameter.oneOf.isEmpty, !parameter.oneOf.contains(value) {
                reader.complain(
                    written.value,
                    "'\(value)' is not a valid value of parameter '\(name)'\(Spelling.advice(for: value, among: parameter.oneOf))"
                )
            }
        }
        return condition
    }
}
