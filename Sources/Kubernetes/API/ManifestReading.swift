package import Documents
internal import FoundationEssentials
internal import Platform

/// Reads the manifests of a file, a folder or a kustomization, as kubectl does.
package struct ManifestReading: Sendable {
    /// An absolute path.
    package let path: String
    package let kubectl: Kubectl

    package init(path: String, kubectl: Kubectl) {
        self.path = path
        self.kubectl = kubectl
    }

    /// Returns the objects, with lists replaced by their items.
    /// - Throws: ``KubernetesError`` if a file cannot be read.
    package func documents() async throws -> [JSONValue] {
        let files = try AppliedFiles(path)
        var texts: [String] = []
        if files.isKustomization {
            texts = [try await kubectl.run(["kustomize", path], timeout: .minutes(1), limit: 64 << 20)]
        } else {
            for file in try files.files() { texts.append(try read(file)) }
        }
        var objects: [JSONValue] = []
        for text in texts {
            guard let documents = JSONValue.documents(ofYAML: text) else {
                throw KubernetesError(.hopeless, operation: "read '\(path)'", "a manifest is not valid YAML")
            }
            objects += documents
        }
        return objects.flatMap { $0["kind"]?.text == "List" ? $0["items"]?.array ?? [] : [$0] }
    }

    /// Returns the manifests as one text, with patches of kustomize.
    func rendered(patches: [JSONValue]) async throws -> String {
        let files = try AppliedFiles(path)
        let folder = FileManager.default.temporaryDirectory.appending(path: "dr-apply-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            defer { try? FileManager.default.removeItem(at: folder) }
            // Kustomize refuses absolute paths.
            let depth = folder.resolvingSymlinksInPath().pathComponents.count - 1
            let root = Array(repeating: "..", count: depth).joined(separator: "/")
            let resources = files.isKustomization ? [path] : try files.files()
            let kustomization: JSONValue = [
                "resources": .array(
                    resources.map { .string(root + URL(filePath: $0).resolvingSymlinksInPath().path) }),
                "patches": .array(patches),
            ]
            try Data(kustomization.compact).write(to: folder.appending(path: "kustomization.yaml"))
            return try await kubectl.run(
                ["kustomize", folder.path, "--load-restrictor=LoadRestrictionsNone"], timeout: .minutes(1),
                limit: 64 << 20)
        } catch let error as CocoaError {
            throw KubernetesError(.failed, operation: "render '\(path)'", FileFailure.text(error))
        }
    }

    private func read(_ file: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: file), let text = String(data: bytes, encoding: .utf8)
        else {
            throw KubernetesError(.hopeless, operation: "read '\(file)'", "it cannot be read, or is not text in UTF-8")
        }
        return text
    }
}
