internal import Foundation

/// The files of an `apply`, and kubectl's arguments for them.
struct AppliedFiles {
    let arguments: [String]

    /// - Parameter path: an absolute path.
    /// - Throws: ``ActionError`` if the path does not exist.
    init(_ path: String) throws(ActionError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ActionError(
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
