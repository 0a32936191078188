internal import Components
internal import Documents

extension Configuration {
    /// The keys whose values depend on the kinds of components.
    static func keys(of kinds: [any ComponentKind.Type]) -> [Key<Self>] {
        let checks = ChecksConfiguration.schema(also: [ChecksConfiguration.canaries(kinds, of: [])])
        return [
            Key(
                "components", \.components, as: .components(kinds), required: true,
                about: "Components to back up, by name."
            ),
            .dependent("checks", schema: checks, "Checks of the stack, and recorded queries for them.") {
                stack, node, reader in
                let canaries = ChecksConfiguration.canaries(kinds, of: stack.components)
                guard let checks = reader.section(ChecksConfiguration.self, from: node, also: [canaries]) else {
                    return false
                }
                checks.refuseForeignNames(of: stack.components, kinds, at: node, &reader)
                stack.checks = checks
                return true
            },
        ]
    }
}

extension ChecksConfiguration {
    /// Reports names that do not refer to a component of a suitable kind.
    /// - Parameter components: the components of the stack; empty if they could not be read, and then no name is checked.
    fileprivate func refuseForeignNames(
        of components: [ComponentConfiguration], _ kinds: [any ComponentKind.Type], at node: YAMLNode,
        _ reader: inout Reader
    ) {
        guard !components.isEmpty else { return }
        let uses: [(key: String, names: [String], fits: (any ComponentKind.Type) -> Bool)] = [
            ("sla", [sla?.component].compactMap { $0 }, { $0.keepsMetrics }),
            ("queries", queries.map(\.component), { $0.recordedQueries?.userLanguage != nil }),
        ]
        for (key, names, fits) in uses {
            for name in names {
                let kind = components.first { $0.name == name }.map { type(of: $0.settings) }
                guard kind.map(fits) != true else { continue }
                let detail = kind.map { "is of kind '\($0.name)'" } ?? "is not a component"
                reader.complain(
                    node, "'\(key)' of 'checks' names '\(name)', which \(detail)",
                    hint:
                        "use a component of kind \(kinds.filter(fits).map { $0.name }.sorted().joined(separator: ", "))"
                )
            }
        }
    }

    /// The key `canaries`, whose settings depend on the kind of each component.
    /// - Parameter components: the components of the stack; empty for the schema, and if they could not be read.
    static func canaries(_ kinds: [any ComponentKind.Type], of components: [ComponentConfiguration]) -> Key<Self> {
        let names = kinds.filter { $0.canary != nil }.map { $0.name }.sorted()
        let schema: JSONValue = [
            "type": "object",
            "additionalProperties": ["anyOf": .array(kinds.compactMap { $0.canary?.entrySchema })],
        ]
        let shape = Shape<[String: CanaryConfiguration]>(schema: schema) { node, reader in
            guard let mapping = node.mapping else {
                reader.complain(node, "expected a mapping of component names, found \(node.kindForPeople)")
                return nil
            }
            guard !components.isEmpty else { return [:] }
            var canaries: [String: CanaryConfiguration] = [:]
            var isGood = true
            for (key, value) in mapping {
                let name = key.scalar?.string ?? ""
                let kind = components.first { $0.name == name }.map { type(of: $0.settings) }
                guard let settings = kind?.canary else {
                    let detail = kind.map { "is of kind '\($0.name)'" } ?? "is not a component"
                    reader.complain(
                        key, "'canaries' of 'checks' names '\(name)', which \(detail)",
                        hint: "use a component of kind \(names.joined(separator: ", "))")
                    isGood = false
                    continue
                }
                canaries[name] = settings.read(value, &reader).map(CanaryConfiguration.init)
                isGood = isGood && canaries[name] != nil
            }
            return isGood ? canaries : nil
        }
        return Key(
            "canaries", \.canaries, as: shape,
            about: "Canaries by component name: dr writes one into each component before a backup.")
    }
}

extension CanarySettings {
    fileprivate static var entrySchema: JSONValue { schema() }

    fileprivate static func read(_ node: YAMLNode, _ reader: inout Reader) -> (any CanarySettings)? {
        reader.section(Self.self, from: node)
    }
}
