internal import Cryptography
internal import Documents

/// The parts of a plan's text that determine its course, each as a digest or a short text, to find the changes between two
/// versions. Comments, descriptions and the order of keys do not count.
package struct PlanOutline: Codable, Equatable, Sendable {
    package struct StepOutline: Codable, Equatable, Sendable {
        package var id: String
        /// The first digits of the SHA-256 of each key's value, by key.
        package var keys: [String: String]

        package init(id: String, keys: [String: String]) {
            self.id = id
            self.keys = keys
        }
    }

    package var steps: [StepOutline]
    /// The default values, by name; a list in brackets, and empty for a required parameter.
    package var parameters: [String: String]
    /// The objectives and other settings as written, by key.
    package var settings: [String: String]
    package var checks: [String]

    package init(
        steps: [StepOutline], parameters: [String: String] = [:], settings: [String: String] = [:],
        checks: [String] = []
    ) {
        self.steps = steps
        self.parameters = parameters
        self.settings = settings
        self.checks = checks
    }

    /// - Throws: `DocumentError` if the text is not YAML. Other errors of a plan do not matter.
    package init(_ text: PlanText) throws {
        let root = try YAMLDocument(text.text, file: text.file, folder: text.folder).root
        self.init(steps: [])
        for (key, value) in root.mapping.map({ Array($0) }) ?? [] {
            switch key.scalar?.string {
            case "steps"?: steps = value.sequence?.map(Self.step) ?? []
            case "parameters"?:
                for (name, declared) in value.mapping.map({ Array($0) }) ?? [] {
                    let isDeclaration = declared.mapping != nil
                    let value = isDeclaration ? declared.entry("value") : declared
                    parameters[name.outlineText] = value?.outlineText ?? ""
                }
            case "objectives"?:
                for (name, objective) in value.mapping.map({ Array($0) }) ?? [] {
                    settings[name.outlineText] = objective.outlineText
                }
            case "checks"?: checks = value.sequence?.map(\.outlineText) ?? []
            case let name? where ["cluster", "restores"].contains(name): settings[name] = value.outlineText
            default: break
            }
        }
    }

    private static func step(_ node: YAMLNode) -> StepOutline {
        var step = StepOutline(id: "", keys: [:])
        for (key, value) in node.mapping.map({ Array($0) }) ?? [] {
            switch key.outlineText {
            case "id": step.id = value.outlineText
            case "about": break
            case let name: step.keys[name] = String(Digest(of: Array(value.outlineText.utf8)).hex.prefix(12))
            }
        }
        return step
    }

    // MARK: Changes

    /// Returns the changes of this version since an earlier one, one line each; empty if the course is the same.
    package func changes(since earlier: PlanOutline) -> [String] {
        var lines: [String] = []
        let before = Dictionary(earlier.steps.map { ($0.id, $0.keys) }) { first, _ in first }
        let after = Dictionary(steps.map { ($0.id, $0.keys) }) { first, _ in first }
        for step in steps {
            guard let old = before[step.id] else {
                lines.append("step '\(step.id)' added")
                continue
            }
            let keys = Set(old.keys).union(step.keys.keys).filter { old[$0] != step.keys[$0] }.sorted()
            if !keys.isEmpty { lines.append("step '\(step.id)' changed: \(keys.joined(separator: ", "))") }
        }
        lines += earlier.steps.filter { after[$0.id] == nil }.map { "step '\($0.id)' removed" }
        // The order of steps matters only where the needs say so, and these are keys.
        lines += Self.changes(of: "parameter", from: earlier.parameters, to: parameters)
        lines += Self.changes(of: "setting", from: earlier.settings, to: settings)
        lines += checks.filter { !earlier.checks.contains($0) }.map { "check '\($0)' added" }
        lines += earlier.checks.filter { !checks.contains($0) }.map { "check '\($0)' removed" }
        return lines
    }

    private static func changes(
        of noun: String, from before: [String: String], to after: [String: String]
    ) -> [String] {
        Set(before.keys).union(after.keys).sorted().compactMap { name in
            switch (before[name], after[name]) {
            case (let old?, let new?): old == new ? nil : "\(noun) '\(name)': '\(new)', before '\(old)'"
            case (nil, let new?): "\(noun) '\(name)' added: '\(new)'"
            case (_?, nil): "\(noun) '\(name)' removed"
            case (nil, nil): nil
            }
        }
    }
}

extension YAMLNode {
    /// The value of a mapping's key.
    fileprivate func entry(_ key: String) -> YAMLNode? { mapping?.first { $0.key.scalar?.string == key }?.value }

    /// The node as compact text with sorted keys; a scalar as written.
    fileprivate var outlineText: String {
        if let scalar { return scalar.string }
        if let sequence { return "[\(sequence.map(\.outlineText).joined(separator: ","))]" }
        let pairs = mapping.map { $0.map { "\($0.key.outlineText):\($0.value.outlineText)" }.sorted() } ?? []
        return "{\(pairs.joined(separator: ","))}"
    }
}
