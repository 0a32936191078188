internal import Foundation

/// What `apply` is given, and how kubectl is told.
struct AppliedFiles {
    let arguments: [String]

    /// - Parameter path: absolute.
    /// - Throws: ``ActionError`` where there is nothing.
    init(_ path: String) throws(ActionError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ActionError(
                .hopeless, "kubectl apply '\(path)'", "there is no such file or folder",
                hint: "a step before this one may have to bring the configuration back")
        }
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        let isKustomization =
            isFolder.boolValue && names.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
        // On the server: no annotation that grows with the object, and conflicts with other owners are seen.
        arguments = [
            "apply", "--server-side", "--field-manager=dr", isKustomization ? "--kustomize" : "--filename", path,
        ]
    }
}
