internal import Documents

/// Asks the API server which permissions the user has.
struct AccessReview {
    let kubectl: Kubectl

    struct Question: Hashable {
        var verb: String
        var resource: AccessTarget
        var subresource: String?
        /// Empty for all namespaces or for a type without them.
        var namespace: String

        /// "patch statefulsets/scale in namespace 'monitoring'"
        var words: String {
            let place = namespace.isEmpty ? "" : " in namespace '\(namespace)'"
            return "\(verb) \(target)\(place)"
        }

        var target: String {
            resource.plural + (resource.group.isEmpty ? "" : ".\(resource.group)")
                + (subresource.map { "/\($0)" } ?? "")
        }

        fileprivate var document: JSONValue {
            var attributes: JSONValue = [
                "verb": .string(verb), "group": .string(resource.group), "resource": .string(resource.plural),
            ]
            if let subresource { attributes["subresource"] = .string(subresource) }
            if !namespace.isEmpty { attributes["namespace"] = .string(namespace) }
            return [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": attributes],
            ]
        }
    }

    /// Returns the denied questions.
    func denied(_ questions: [Question]) async throws -> [Question] {
        guard !questions.isEmpty else { return [] }
        let list: JSONValue = [
            "apiVersion": "v1", "kind": "List", "items": .array(questions.map(\.document)),
        ]
        let text = try await kubectl.run(
            ["create", "--filename=-", "--validate=false", "--output=jsonpath={.status.allowed}{\"\\n\"}"],
            input: list.compact)
        let answers = text.split(separator: "\n")
        guard answers.count == questions.count else {
            throw KubernetesError(
                .failed, operation: "review the access", "\(answers.count) answers to \(questions.count) questions")
        }
        return zip(questions, answers).filter { $0.1 != "true" }.map(\.0)
    }
}
