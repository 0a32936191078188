internal import FoundationEssentials

/// The files of an `apply`, and kubectl's arguments for them.
package struct AppliedFiles {
    package let path: String
    package let isKustomization: Bool
    private let isFolder: Bool

    /// - Parameter path: an absolute path.
    /// - Throws: ``KubernetesError`` if the path does not exist.
    package init(_ path: String) throws(KubernetesError) {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw KubernetesError(
                .hopeless, operation: "kubectl apply '\(path)'", "there is no such file or folder",
                hint: "restore the configuration in an earlier step")
        }
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        self.path = path
        self.isFolder = isFolder
        isKustomization =
            isFolder && names.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
    }

    package var arguments: [String] {
        // Server-side apply needs no annotation that grows with the object, and detects conflicts with other managers.
        ["apply", "--server-side", "--field-manager=dr", isKustomization ? "--kustomize" : "--filename", path]
    }

    /// The files that kubectl reads, unless it is a kustomization.
    func files() throws(KubernetesError) -> [String] {
        guard isFolder else { return [path] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted().filter { name in
                [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
            }.map { "\(path)/\($0)" }
        } catch {
            throw KubernetesError(.failed, operation: "kubectl apply '\(path)'", "the folder cannot be read")
        }
    }
}
