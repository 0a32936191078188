internal import Foundation

/// The files of an `apply`, and kubectl's arguments for them.
package struct AppliedFiles {
    package let arguments: [String]

    /// - Parameter path: an absolute path.
    /// - Throws: ``KubernetesError`` if the path does not exist.
    package init(_ path: String) throws(KubernetesError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw KubernetesError(
                .hopeless, operation: "kubectl apply '\(path)'", "there is no such file or folder",
                hint: "restore the configuration in an earlier step")
        }
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        let isKustomization =
            isFolder.boolValue && names.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
        // Server-side apply needs no annotation that grows with the object, and detects conflicts with other managers.
        arguments = [
            "apply", "--server-side", "--field-manager=dr", isKustomization ? "--kustomize" : "--filename", path,
        ]
    }
}
