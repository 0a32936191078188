/// One rule of a Role, with the reason for each verb.
package struct AccessRule: Equatable, Sendable {
    package var group: String
    package var resources: [String]
    package var verbs: [Verb]

    package struct Verb: Equatable, Sendable {
        package var name: String
        package var reason: String
    }

    /// - Parameters:
    ///   - group: the API group; empty for the core.
    ///   - verbs: reasons by verbs, several verbs separated by spaces: `["get list": "read the pods"]`.
    init(_ resources: [String], in group: String = "", _ verbs: KeyValuePairs<String, String>) {
        self.group = group
        self.resources = resources
        self.verbs = verbs.flatMap { names, reason in
            names.split(separator: " ").map { Verb(name: String($0), reason: reason) }
        }
    }

    /// The rule in a manifest, with the reasons as comments.
    var manifest: String {
        var comments: [String] = []
        var rest = verbs[...]
        while let first = rest.first {
            let same = rest.prefix { $0.reason == first.reason }
            comments.append("# \(same.map(\.name).joined(separator: ", ")): \(first.reason)")
            rest = rest.dropFirst(same.count)
        }
        let group = self.group.isEmpty ? "\"\"" : ManifestStyle.quoted(self.group)
        return """
            \(comments.joined(separator: "\n"))
            - apiGroups: [\(group)]
              resources: [\(resources.map(ManifestStyle.quoted).joined(separator: ", "))]
              verbs: [\(verbs.map(\.name).map(ManifestStyle.quoted).joined(separator: ", "))]
            """
    }

    /// The row of the rule in the table of docs/kubernetes.md.
    package var row: String {
        let names = resources.map { resource in
            // As kubectl writes them: statefulsets.apps/scale.
            let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
            let name = group.isEmpty ? parts[0] : "\(parts[0]).\(group)"
            return parts.count > 1 ? "\(name)/\(parts[1])" : name
        }
        return "| \(names.map { "`\($0)`" }.joined(separator: ", ")) | \(verbs.map(\.name).joined(separator: ", ")) |"
    }
}
