package import Documents

/// The labels of a workload's pods, in the form of kubectl's `--selector`.
package struct LabelSelector: Equatable, Sendable {
    package let text: String

    /// Reads a selector of the API: `matchLabels` and `matchExpressions`.
    /// - Returns: nil if it selects nothing in particular.
    package init?(_ selector: JSONValue?) {
        var terms = (selector?["matchLabels"]?.object ?? [:]).compactMap { name, value in
            value.text.map { "\(name)=\($0)" }
        }
        for expression in selector?["matchExpressions"]?.array ?? [] {
            guard let key = expression["key"]?.text, let word = expression["operator"]?.text else { return nil }
            let values = (expression["values"]?.array ?? []).compactMap(\.text).joined(separator: ",")
            switch word {
            case "In": terms.append("\(key) in (\(values))")
            case "NotIn": terms.append("\(key) notin (\(values))")
            case "Exists": terms.append(key)
            case "DoesNotExist": terms.append("!\(key)")
            default: return nil
            }
        }
        guard !terms.isEmpty else { return nil }
        text = terms.sorted().joined(separator: ",")
    }
}
