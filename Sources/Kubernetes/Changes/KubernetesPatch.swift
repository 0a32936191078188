package import Documents

/// A change of single fields of an object.
package struct KubernetesPatch: Equatable, Sendable {
    package var object: KubernetesObject
    /// An object is a merge patch (RFC 7396), a list a JSON patch (RFC 6902).
    package var patch: JSONValue

    package init(object: KubernetesObject, patch: JSONValue) {
        self.object = object
        self.patch = patch
    }

    package var arguments: [String] {
        [
            "patch", object.description, "--type=\(patch.array == nil ? "merge" : "json")",
            "--patch=\(String(decoding: patch.compact, as: UTF8.self))",
        ]
    }

    package func apply(_ kubectl: Kubectl) async throws -> String {
        let output = try await kubectl.run(arguments)
        return output.contains("(no change)") ? "\(object) was patched already" : "patched \(object)"
    }
}

/// A new image of a workload's container.
package struct KubernetesImage: Equatable, Sendable {
    package var object: KubernetesObject
    package var image: String
    /// Nil for the only container.
    package var container: String?

    package init(object: KubernetesObject, image: String, container: String?) {
        self.object = object
        self.image = image
        self.container = container
    }

    /// - Parameter container: the name of the container.
    package func arguments(_ container: String) -> [String] {
        ["set", "image", object.description, "\(container)=\(image)"]
    }

    package func set(_ kubectl: Kubectl) async throws -> String {
        guard let workload = try await kubectl.object(object.description) else {
            throw failure("there is no such workload", hint: "check the namespace, or apply the workload first")
        }
        let names = (workload["spec"]?["template"]?["spec"]?["containers"]?.array ?? []).compactMap {
            $0["name"]?.text
        }
        let known = names.joined(separator: ", ")
        guard let name = container ?? (names.count == 1 ? names.first : nil) else {
            throw failure("it has \(names.count) containers: \(known)", hint: "name one of them with `container`")
        }
        guard names.contains(name) else { throw failure("it has no container '\(name)', only \(known)") }
        try await kubectl.run(arguments(name))
        return "\(object): container \(name) has the image \(image)"
    }

    private func failure(_ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(.hopeless, operation: "kubectl set image \(object)", detail, hint: hint)
    }
}

/// A return of a workload to an earlier revision.
package struct KubernetesUndo: Equatable, Sendable {
    package var object: KubernetesObject
    /// Nil for the revision before the current one.
    package var revision: Int?

    package init(object: KubernetesObject, revision: Int?) {
        self.object = object
        self.revision = revision
    }

    package var arguments: [String] {
        ["rollout", "undo", object.description] + (revision.map { ["--to-revision=\($0)"] } ?? [])
    }

    package func undo(_ kubectl: Kubectl) async throws -> String {
        try await kubectl.run(arguments)
        return "\(object) returns to \(revision.map { "revision \($0)" } ?? "its previous revision")"
    }
}
