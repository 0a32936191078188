package import Documents

/// The text of a plan, with its file.
package struct PlanText: Equatable, Sendable {
    /// The file's name in messages.
    package var file: String
    /// The base of relative paths in the plan, as an absolute path: the folder of the configuration.
    package var folder: String
    package var text: String

    package init(_ text: String, file: String, folder: String) {
        self.file = file
        self.folder = folder
        self.text = text
    }

    /// Reads the plan: replaces references, sets skipped steps aside and validates the graph.
    /// - Throws: `DocumentError` with all errors.
    package func read(in scope: PlanScope) throws(DocumentError) -> Plan {
        let document = try YAMLDocument(text, file: file, folder: folder, emptyHint: "see docs/plans.md for an example")
        var reading = PlanReading(document, scope)
        return try reading.plan()
    }
}

/// One pass over a plan's document.
private struct PlanReading {
    let document: YAMLDocument
    let scope: PlanScope
    var reader: Reader

    init(_ document: YAMLDocument, _ scope: PlanScope) {
        self.document = document
        self.scope = scope
        reader = Reader(file: document.file, folder: document.folder)
    }

    mutating func plan() throws(DocumentError) -> Plan {
        guard let root = document.root.mapping else {
            reader.complain(document.root, "expected a mapping of keys, found \(document.root.kindForPeople)")
            throw reader.error
        }
        func value(_ name: String) -> YAMLNode? { root.first { $0.key.scalar?.string == name }?.value }
        let parameters = parameters(value("parameters"))
        var filter = StepFilter(
            References(parameters, scope: scope, scenario: value("scenario")?.scalar?.string ?? ""), parameters)
        let pairs = root.compactMap { pair -> (YAMLNode, YAMLNode)? in
            switch pair.key.scalar?.string {
            case "parameters"?: pair
            case "steps"?: (pair.key, filter.steps(pair.value, &reader))
            default: (pair.key, filter.replaced(pair.value, &reader))
            }
        }
        let plan = reader.section(Plan.self, from: References.mapping(pairs, at: document.root))
        let leftOut = filter.setAside.map { aside in
            let step = Step.shape.read(aside.step, &reader) ?? Step.shape.read(aside.outline, &reader)
            return step.map { LeftOutStep(step: $0, reason: aside.reason) }
        }
        for action in filter.actionsSetAside { _ = Shape<AnyAction>.action.read(action, &reader) }
        try refuse(complaints(filter.references))
        guard var plan else { throw unjudged(filter.references.missing) }
        plan.declared = parameters
        plan.parameters = Dictionary(parameters.compactMap { p in p.value.map { (p.name, $0.text) } }) { $1 }
        plan.leftOut = leftOut.compactMap { $0 }
        if plan.steps.isEmpty { try refuse([stepless(plan)]) }
        let all = (plan.steps + plan.leftOut.map(\.step)).sorted { $0.location.line < $1.location.line }
        try refuse(StepGraph(all).complaints)
        plan.bridgeLeftOut()
        return plan
    }

    private mutating func parameters(_ node: YAMLNode?) -> [Parameter] {
        let declared = node.flatMap { Shape<[Parameter]>.parameters.read($0, &reader) } ?? []
        let names = declared.map(\.name)
        for name in scope.overrides.keys.sorted() where !names.contains(name) && reader.diagnostics.isEmpty {
            reader.complain(
                Location(file: document.file),
                "the plan has no parameter '\(name)'\(Spelling.advice(for: name, among: names))")
        }
        return declared.map { parameter in
            var parameter = parameter
            guard let text = scope.overrides[parameter.name] else { return parameter }
            if !parameter.oneOf.isEmpty, !parameter.oneOf.contains(text) {
                reader.complain(
                    parameter.location,
                    "'\(text)' is not a valid value for parameter '\(parameter.name)'\(Spelling.advice(for: text, among: parameter.oneOf))"
                )
            }
            parameter.value = ParameterValue(text, like: parameter.value)
            return parameter
        }
    }

    /// Returns the errors to report.
    ///
    /// Errors about scalars that could not be replaced yet are dropped, and so are duplicates from parts read twice.
    private func complaints(_ references: References) -> [Diagnostic] {
        let read = reader.error.diagnostics.filter { !references.open.contains($0.location) }
        return (read + references.wants).sorted { $0.location < $1.location }.reduce(into: []) { kept, complaint in
            if !kept.contains(complaint) { kept.append(complaint) }
        }
    }

    private func refuse(_ complaints: [Diagnostic]) throws(DocumentError) {
        guard complaints.isEmpty else { throw DocumentError(complaints) }
    }

    private func stepless(_ plan: Plan) -> Diagnostic {
        let why = plan.leftOut.first.map { "the run would skip every step: '\($0.step.id)' because \($0.reason)" }
        return Diagnostic(Location(file: document.file), why ?? "the plan has no steps")
    }

    /// The error for a plan that could not be read completely because parameters have no values.
    private func unjudged(_ missing: Set<String>) -> DocumentError {
        let names = missing.subtracting(["run", "set"]).sorted()
        return DocumentError(
            file: document.file, "cannot be read without \(names.joined(separator: ", "))",
            hint: "set values: \(names.map { "--param \($0)=..." }.joined(separator: " "))")
    }
}
