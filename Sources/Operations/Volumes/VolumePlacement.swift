import Documents
package import Platform

/// The place of a component's data in a cluster, and the identity of the workload that uses it.
struct VolumePlacement: Equatable, Sendable {
    /// Nil for the context's.
    var namespace: String?
    var workload: String?
    var claim: String
    /// The mount path of the volume in the workload's container, and in the mover.
    var mountPath: String
    var subPath: String?
    /// The data directory: the mount path, or below it.
    var data: String
    var container: String?
    /// The running pod of the workload; nil if there is none.
    var pod: String?
    var podLabels: [String: String] = [:]
    var node: String?
    /// Nil where the image decides.
    var user: Int?
    var group: Int?
    var supplementalGroups: [Int] = []
    var fsGroup: Int?
    var fsGroupChangePolicy: String?
    var tolerations: JSONValue?
    var imagePullSecrets: JSONValue?
    var nodeSelector: JSONValue?
    var affinity: JSONValue?
    /// Remarks for the set.
    var warnings: [String] = []

    /// Folders that a volume cannot replace in the mover without hiding the program.
    private static let programFolders: Set = [
        "/", "/bin", "/sbin", "/lib", "/lib64", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/etc",
        "/proc", "/sys", "/dev", "/tmp", "/run", "/var", "/var/run",
    ]

    /// Finds the claim, the path and the identity in a pod, or in the template of one.
    /// - Parameters:
    ///   - spec: the `spec` of the pod.
    ///   - templates: the claims that the workload makes for its first pod, by the name of their volume.
    /// - Throws: ``VolumeError`` if it is not clear.
    init(
        in spec: JSONValue, templates: [String: String] = [:], workload: String, claim wanted: String?,
        container wantedContainer: String?, path: String?, subPath: String?
    ) throws(VolumeError) {
        var claims = templates
        for volume in spec["volumes"]?.array ?? [] {
            guard let name = volume["name"]?.text,
                let claim = volume["persistentVolumeClaim"]?["claimName"]?.text
            else { continue }
            claims[name] = claim
        }
        if let wanted { claims = claims.filter { $0.value == wanted } }
        var candidates: [(container: JSONValue, mount: JSONValue, claim: String)] = []
        for container in spec["containers"]?.array ?? [] {
            if let wantedContainer, container["name"]?.text != wantedContainer { continue }
            for mount in container["volumeMounts"]?.array ?? [] {
                guard let claim = mount["name"]?.text.flatMap({ claims[$0] }) else { continue }
                candidates.append((container, mount, claim))
            }
        }
        if let path {
            candidates = candidates.filter { Self.isWithin(path, $0.mount["mountPath"]?.text ?? "") }
        }
        guard let found = candidates.first else {
            let words =
                wanted.map { "no container of its pod mounts the claim '\($0)'" }
                ?? "no container of its pod mounts a persistent volume claim"
            throw VolumeError(workload, path.map { "\(words) at '\($0)'" } ?? words)
        }
        let distinct = Set(candidates.map(\.claim))
        guard distinct.count == 1 else {
            throw VolumeError(
                workload, "its pod mounts several claims: \(distinct.sorted().joined(separator: ", "))",
                hint: "choose one with `kubernetes: claim:`")
        }
        guard let mountPath = found.mount["mountPath"]?.text, mountPath.hasPrefix("/") else {
            throw VolumeError(workload, "the mount of the claim has no path")
        }
        guard found.mount["subPathExpr"] == nil || subPath != nil else {
            throw VolumeError(
                workload, "it mounts a computed part of the volume (subPathExpr)",
                hint: "write that part as `kubernetes: sub_path:`")
        }
        self.workload = workload
        claim = found.claim
        container = found.container["name"]?.text
        self.mountPath = mountPath.count > 1 && mountPath.hasSuffix("/") ? String(mountPath.dropLast()) : mountPath
        self.subPath = subPath ?? found.mount["subPath"]?.text
        data = path ?? self.mountPath
        let (own, shared) = (found.container["securityContext"], spec["securityContext"])
        user = own?["runAsUser"]?.integer ?? shared?["runAsUser"]?.integer
        group = own?["runAsGroup"]?.integer ?? shared?["runAsGroup"]?.integer
        supplementalGroups = (shared?["supplementalGroups"]?.array ?? []).compactMap(\.integer)
        fsGroup = shared?["fsGroup"]?.integer
        fsGroupChangePolicy = shared?["fsGroupChangePolicy"]?.text
        tolerations = spec["tolerations"]
        imagePullSecrets = spec["imagePullSecrets"]
        nodeSelector = spec["nodeSelector"]
        affinity = spec["affinity"]?["nodeAffinity"].map { ["nodeAffinity": $0] }
        try refuseProgramFolders()
    }

    /// A claim without a workload.
    init(claim: String, path: String, subPath: String?) throws(VolumeError) {
        self.claim = claim
        mountPath = path
        data = path
        self.subPath = subPath
        try refuseProgramFolders()
    }

    private func refuseProgramFolders() throws(VolumeError) {
        guard !Self.programFolders.contains(mountPath) else {
            throw VolumeError(workload ?? claim, "a pod of dr cannot mount a volume at '\(mountPath)'")
        }
    }

    private static func isWithin(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : "\(folder)/")
    }

    /// The groups that a pod needs besides its own to use the volume as the workload does.
    var groups: [Int] { Array(Set(supplementalGroups + [fsGroup].compactMap(\.self))).sorted() }
}

/// A volume that dr cannot use as asked.
package struct VolumeError: OperationError, Equatable {
    package var object: String
    package var detail: String
    package var hint: String?
    /// True if another attempt may succeed.
    var mayPass = false

    init(_ object: String, _ detail: String, hint: String? = nil) {
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { "volume_unusable" }
    package var place: ErrorPlace { ErrorPlace(operation: "volume of", object: object) }
}
