internal import Documents

/// Replaces `${...}` in the scalars of composed YAML before the plan is read. Types and locations stay those of the
/// file.
///
/// A value that becomes an empty text or list is removed, and so is a list or mapping that becomes empty:
/// `context: ${context}` with an empty parameter has the same effect as no `context`.
struct References {
    let parameters: [String: ParameterValue]
    /// Declared parameters without a value.
    let missing: Set<String>
    private let purpose: PlanScope.Purpose
    let components: [String: [String: String]]
    /// Scalars that cannot be replaced yet and stay as written. Errors about them are ignored.
    ///
    /// These are `${run}` outside of a run, parameters without a value, and settings of a component that the step's
    /// `when` requires and that is not configured.
    private(set) var open: Set<Location> = []
    /// Errors about values that a run requires.
    private(set) var wants: [Diagnostic] = []

    /// The context of a reference.
    struct Use {
        /// True in a step that is set aside: its values may be missing.
        var isSetAside = false
        /// The component that the step requires and that is not configured. References to its settings stay as written.
        var absent: String?
    }

    /// The replacement of a scalar.
    enum Replacement {
        case node(YAMLNode)
        /// The elements of a list.
        case list([YAMLNode])
        case nothing
    }

    init(_ parameters: [Parameter], scope: PlanScope, scenario: String) {
        var values: [String: ParameterValue] = ["stack": .text(scope.stack), "scenario": .text(scenario)]
        values["run"] = scope.run.map { .text($0) }
        values["set"] = scope.set.map { .text($0) }
        for parameter in parameters { values[parameter.name] = parameter.value }
        self.parameters = values
        missing = Set(parameters.filter { $0.value == nil }.map(\.name) + ["run", "set"].filter { values[$0] == nil })
        components = scope.components
        purpose = scope.purpose
    }

    /// Replaces the references in a node.
    /// - Parameter key: the key of the node.
    mutating func replace(
        in node: YAMLNode, under key: String? = nil, _ use: Use, _ reader: inout Reader
    ) -> Replacement {
        switch node {
        case .scalar(let scalar) where scalar.string.contains("${"):
            return replace(scalar: node, text: scalar.string, use, &reader)
        case .sequence(let sequence) where !sequence.isEmpty:
            let elements = sequence.flatMap { element in
                switch replace(in: element, under: key, use, &reader) {
                case .node(let node): [node]
                case .list(let nodes): nodes
                case .nothing: [YAMLNode]()
                }
            }
            return elements.isEmpty ? .nothing : .node(Self.sequence(elements, at: node))
        case .mapping(let mapping) where !mapping.isEmpty:
            let pairs = mapping.compactMap { pair -> (YAMLNode, YAMLNode)? in
                let name = pair.key.scalar?.string
                // The shell has its own `${...}`; it gets parameters as environment variables.
                if key == "run", name == "shell" { return (pair.key, pair.value) }
                return switch replace(in: pair.value, under: name, use, &reader) {
                case .node(let value): (pair.key, value)
                case .list(let nodes): (pair.key, Self.sequence(nodes, at: pair.value))
                case .nothing: nil
                }
            }
            return pairs.isEmpty ? .nothing : .node(Self.mapping(pairs, at: node))
        default:
            return .node(node)
        }
    }

    private mutating func replace(
        scalar node: YAMLNode, text: String, _ use: Use, _ reader: inout Reader
    ) -> Replacement {
        guard let parts = ReferenceText(text) else {
            reader.complain(node, "'${' without a closing '}'", hint: "write \"$${\" for a literal \"${\"")
            return .node(node)
        }
        if let name = parts.soleReference {
            return switch value(of: name, at: node, use, &reader) {
            case .text("")?: .nothing
            case .text(let text)?: .node(node.replaced(by: text))
            case .list(let words)?: words.isEmpty ? .nothing : .list(words.map { node.replaced(by: $0) })
            case nil: .node(node)
            }
        }
        var result = ""
        for piece in parts.pieces {
            switch piece {
            case .text(let text): result += text
            case .reference(let name):
                switch value(of: name, at: node, use, &reader) {
                case .text(let text)?: result += text
                case .list?:
                    reader.complain(node, "'${\(name)}' is a list and cannot be part of a text")
                    return .node(node)
                case nil: result += "${\(name)}"
                }
            }
        }
        return .node(node.replaced(by: result))
    }

    /// Returns nil if the reference stays as written: it is an error, or the scalar is open.
    private mutating func value(
        of name: String, at node: YAMLNode, _ use: Use, _ reader: inout Reader
    ) -> ParameterValue? {
        if let value = parameters[name] { return value }
        if missing.contains(name) {
            if purpose == .run, !use.isSetAside {
                wants.append(
                    Diagnostic(
                        reader.location(of: node), "parameter '\(name)' has no value",
                        hint: "set it with --param \(name)=..."))
            }
            open.insert(reader.location(of: node))
            return nil
        }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, let component = parts.first {
            if let setting = components[component]?[parts[1]] { return .text(setting) }
            if let absent = use.absent, absent == component || absent == name {
                open.insert(reader.location(of: node))
                return nil
            }
            if let settings = components[component] {
                reader.complain(
                    node,
                    "component '\(component)' has no plain setting '\(parts[1])'"
                        + Spelling.advice(for: parts[1], among: settings.keys.sorted()),
                    hint: "if it is optional, add when: {component: \(name)}")
                return nil
            }
            // Mark it as open, so that the parser does not report the unreplaced text as well.
            wants.append(
                .noComponent(component, at: reader.location(of: node), among: components.keys.sorted(), in: name))
            open.insert(reader.location(of: node))
            return nil
        }
        let names = Set(parameters.keys).union(missing).sorted()
        reader.complain(
            node, "unknown reference '${\(name)}'\(Spelling.advice(for: name, among: names))",
            hint: "declare it under 'parameters', or write \"$${\" for a literal \"${\"")
        return nil
    }

    // MARK: Nodes at the location of other nodes

    static func sequence(_ elements: [YAMLNode], at node: YAMLNode) -> YAMLNode {
        .sequence(YAMLNode.Sequence(elements, node.sequence?.tag ?? .seq, .any, node.mark))
    }

    static func mapping(_ pairs: [(YAMLNode, YAMLNode)], at node: YAMLNode) -> YAMLNode {
        .mapping(YAMLNode.Mapping(pairs, node.mapping?.tag ?? .map, .any, node.mark))
    }
}

extension Diagnostic {
    /// The error for a component that is not configured.
    /// - Parameter reference: the reference to the component, if there is one.
    static func noComponent(
        _ name: String, at location: Location, among known: [String], in reference: String? = nil
    ) -> Self {
        let place = reference.map { "'${\($0)}': " } ?? ""
        return Diagnostic(
            location, "\(place)there is no component '\(name)'\(Spelling.advice(for: name, among: known))",
            hint: "if it is optional, add when: {component: \(name)}", absent: name)
    }
}

extension YAMLNode {
    /// True if the node contains a reference that could not be replaced yet, so that its value cannot be validated.
    var isOpen: Bool { !isReplaced && scalar?.string.contains("${") == true }
}
