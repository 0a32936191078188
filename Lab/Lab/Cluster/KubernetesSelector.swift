internal import Documents

/// A selector of labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
struct KubernetesSelector: Sendable {
    enum Term: Sendable {
        case oneOf(String, Set<String>)
        case noneOf(String, Set<String>)
        case exists(String)
        case missing(String)
    }

    var terms: [Term] = []

    /// Reads the text of a parameter, such as "app=loki,tier in (a,b),!canary".
    /// - Returns: nil if the text is not valid.
    init?(_ text: String) {
        for term in Self.split(text) {
            guard let term = Self.term(term) else { return nil }
            terms.append(term)
        }
    }

    /// Reads `spec.selector` of a workload.
    init(_ selector: JSONValue?) {
        let isFlat = selector?["matchLabels"] == nil && selector?["matchExpressions"] == nil
        let labels = (isFlat ? selector : selector?["matchLabels"])?.object ?? [:]
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { terms.append(.oneOf(name, [value.text ?? ""])) }
        for expression in selector?["matchExpressions"]?.array ?? [] {
            let name = expression["key"]?.text ?? ""
            let values = Set((expression["values"]?.array ?? []).compactMap(\.text))
            switch expression["operator"]?.text {
            case "In": terms.append(.oneOf(name, values))
            case "NotIn": terms.append(.noneOf(name, values))
            case "Exists": terms.append(.exists(name))
            default: terms.append(.missing(name))
            }
        }
    }

    func fits(_ labels: JSONValue?) -> Bool {
        terms.allSatisfy { term in
            switch term {
            case .oneOf(let name, let values): labels?[name]?.text.map(values.contains) ?? false
            case .noneOf(let name, let values): !(labels?[name]?.text.map(values.contains) ?? false)
            case .exists(let name): labels?[name] != nil
            case .missing(let name): labels?[name] == nil
            }
        }
    }

    /// The text that the subresource `scale` shows.
    var text: String {
        terms.map { term in
            switch term {
            case .oneOf(let name, let values) where values.count == 1: "\(name)=\(values.first ?? "")"
            case .oneOf(let name, let values): "\(name) in (\(values.sorted().joined(separator: ",")))"
            case .noneOf(let name, let values): "\(name) notin (\(values.sorted().joined(separator: ",")))"
            case .exists(let name): name
            case .missing(let name): "!\(name)"
            }
        }.joined(separator: ",")
    }

    /// Splits at commas that are not within parentheses.
    private static func split(_ text: String) -> [String] {
        var terms = [""]
        var isInside = false
        for character in text {
            if character == "(" { isInside = true }
            if character == ")" { isInside = false }
            if character == ",", !isInside { terms.append("") } else { terms[terms.count - 1].append(character) }
        }
        return terms.map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func term(_ text: String) -> Term? {
        if let open = text.firstIndex(of: "(") {
            guard text.last == ")" else { return nil }
            let words = text[..<open].split(separator: " ").map(String.init)
            let values = Set(
                text[text.index(after: open)...].dropLast().split(separator: ",").map { trimmed(String($0)) })
            guard words.count == 2 else { return nil }
            switch words[1] {
            case "in": return .oneOf(words[0], values)
            case "notin": return .noneOf(words[0], values)
            default: return nil
            }
        }
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let found = text.firstRange(of: sign) else { continue }
            let name = trimmed(String(text[..<found.lowerBound]))
            let value = trimmed(String(text[found.upperBound...]))
            return isEqual ? .oneOf(name, [value]) : .noneOf(name, [value])
        }
        if text.hasPrefix("!") { return .missing(trimmed(String(text.dropFirst()))) }
        return text.contains(" ") ? nil : .exists(text)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// A selector of fields, such as "status.phase!=Running,spec.nodeName=node-1".
struct KubernetesFieldSelector: Sendable {
    struct Term: Sendable {
        var field: String
        var value: String
        var isEqual: Bool
    }

    var terms: [Term]

    init(_ text: String) {
        terms = text.split(separator: ",").map { term in
            let isEqual = !term.contains("!=")
            let parts = term.split(separator: "=", omittingEmptySubsequences: true).map(String.init)
            let field = parts.first ?? ""
            return Term(
                field: isEqual ? field : String(field.dropLast(field.hasSuffix("!") ? 1 : 0)),
                value: parts.count > 1 ? parts[1] : "", isEqual: isEqual)
        }
    }

    /// Returns the first field that the server cannot select by.
    func unsupported(for resource: KubernetesResource) -> String? {
        let own: [String] =
            switch resource.qualifiedName {
            case "pods":
                [
                    "spec.nodeName", "status.phase", "spec.restartPolicy", "spec.serviceAccountName", "status.podIP",
                    "spec.schedulerName", "status.nominatedNodeName",
                ]
            case "events":
                ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map {
                    "involvedObject.\($0)"
                } + ["reason", "type", "source", "reportingComponent"]
            case "namespaces": ["status.phase"]
            case "secrets": ["type"]
            case "jobs.batch": ["status.successful"]
            case "nodes": ["spec.unschedulable"]
            default: []
            }
        let known = own + ["metadata.name", "metadata.namespace"]
        return terms.first { !known.contains($0.field) }?.field
    }

    func fits(_ object: JSONValue) -> Bool {
        terms.allSatisfy { term in
            let value = object.value(at: "/" + term.field.replacing(".", with: "/"))
            let text = value?.text ?? value?.integer.map(String.init) ?? ""
            return (text == term.value) == term.isEqual
        }
    }
}
