internal import Documents
internal import Foundation
internal import Glibc

/// Prepares the volumes of a pod on its node.
struct PodVolumes {
    let context: KubeletContext
    let pod: PodObject
    let node: String
    /// The folder of the pod on the node.
    let folder: String

    struct Volume {
        var path: String
        var isReadOnly = false
    }

    /// Returns the volumes by name.
    /// - Throws: `NotReady` while one cannot be mounted.
    func prepare() throws -> [String: Volume] {
        var volumes: [String: Volume] = [:]
        for volume in pod.volumes {
            guard let name = volume["name"]?.text else { continue }
            volumes[name] = try prepare(volume, name)
        }
        return volumes
    }

    private func prepare(_ volume: JSONValue, _ name: String) throws -> Volume {
        let path = "\(folder)/volumes/\(name)"
        if let claim = volume["persistentVolumeClaim"] { return try mount(claim, name) }
        if let source = volume["configMap"] {
            try write(try content(.configMap, source, source["name"]?.text ?? "", of: name), path, source)
        } else if let source = volume["secret"] {
            try write(try content(.secret, source, source["secretName"]?.text ?? "", of: name), path, source)
        } else if let source = volume["projected"] {
            try write(try projected(source, of: name), path, source)
        } else if let source = volume["downwardAPI"] {
            try write(downward(source), path, source)
        } else if volume["emptyDir"] != nil {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            chmod(path, 0o777)
        } else {
            let type = volume.object?.keys.first { $0 != "name" } ?? "nothing"
            throw failure(name, "the laboratory does not support volumes of type \(type)")
        }
        own(path, isReadOnly: volume["emptyDir"] == nil)
        return Volume(path: path, isReadOnly: volume["emptyDir"] == nil)
    }

    private func failure(_ volume: String, _ message: String) -> NotReady {
        NotReady(
            event: "FailedMount", reason: "ContainerCreating",
            message: "MountVolume.SetUp failed for volume \"\(volume)\" : \(message)")
    }

    /// Applies the pod's `fsGroup`.
    private func own(_ path: String, isReadOnly: Bool) {
        guard let group = pod.securityContext["fsGroup"]?.integer.flatMap({ UInt32(exactly: $0) }) else { return }
        let policy = pod.securityContext["fsGroupChangePolicy"]?.text
        VolumeOwnership(group: group, isReadOnly: isReadOnly, isOnlyOnMismatch: policy == "OnRootMismatch")
            .apply(to: path)
    }

    // MARK: Claims

    private func mount(_ source: JSONValue, _ name: String) throws -> Volume {
        let claimName = source["claimName"]?.text ?? ""
        func refusal(_ detail: String) -> NotReady {
            NotReady(
                event: "FailedMount", reason: "ContainerCreating",
                message:
                    "Unable to attach or mount volumes: unmounted volumes=[\(name)], unattached volumes=[], failed to "
                    + "process volumes=[\(name)]: error processing PVC \(pod.namespace)/\(claimName): \(detail)")
        }
        let claim = try context.client.get("/api/v1/namespaces/\(pod.namespace)/persistentvolumeclaims/\(claimName)")
        guard claim.status != 404 else {
            throw refusal("failed to fetch PVC from API server: persistentvolumeclaims \"\(claimName)\" not found")
        }
        guard claim.isSuccess else { throw refusal(claim.message) }
        guard claim.body["status"]?["phase"]?.text == "Bound", let volumeName = claim.body["spec"]?["volumeName"]?.text
        else { throw refusal("PVC is not bound") }
        let volume = try context.client.get("/api/v1/persistentvolumes/\(volumeName)")
        guard volume.isSuccess else { throw refusal(volume.message) }
        let modes = (volume.body["spec"]?["accessModes"] ?? claim.body["spec"]?["accessModes"])?.array ?? []
        try context.attachments.attach(volumeName, modes: modes.compactMap(\.text), to: pod, on: node)
        let path = context.directory(of: volume.body, name: volumeName)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try context.tinyDisks.mountIfWanted(claim: claimName, namespace: pod.namespace, at: path)
        let isReadOnly = source["readOnly"]?.bool == true || modes == ["ReadOnlyMany"]
        own(path, isReadOnly: isReadOnly)
        return Volume(path: path, isReadOnly: isReadOnly)
    }

    // MARK: Content from the API

    private func content(
        _ kind: KubeletContext.DataKind, _ source: JSONValue, _ object: String, of volume: String
    ) throws -> [String: [UInt8]] {
        guard let data = try context.data(kind, object, in: pod.namespace) else {
            if source["optional"]?.bool == true { return [:] }
            throw failure(volume, "\(kind.singular) \"\(object)\" not found")
        }
        guard let items = source["items"]?.array else { return data }
        var chosen: [String: [UInt8]] = [:]
        for item in items {
            guard let key = item["key"]?.text, let path = item["path"]?.text else { continue }
            guard let bytes = data[key] else {
                throw failure(volume, "references non-existent \(kind.singular) key: \(key)")
            }
            chosen[path] = bytes
        }
        return chosen
    }

    private func downward(_ source: JSONValue) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for item in source["items"]?.array ?? [] {
            guard let path = item["path"]?.text else { continue }
            files[path] = Array((item["fieldRef"]?["fieldPath"]?.text.flatMap(pod.field) ?? "").utf8)
        }
        return files
    }

    private func projected(_ volume: JSONValue, of name: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for source in volume["sources"]?.array ?? [] {
            if let token = source["serviceAccountToken"] {
                let account = pod.spec["serviceAccountName"]?.text ?? "default"
                files[token["path"]?.text ?? "token"] = Array(try context.token(of: account, in: pod.namespace).utf8)
            } else if let map = source["configMap"], let object = map["name"]?.text {
                // Each namespace of a real cluster has this one.
                let isAuthority = object == "kube-root-ca.crt"
                let isOptional = map["optional"]?.bool == true || isAuthority
                let source = map.adding(["optional": .bool(isOptional)])
                files.merge(try content(.configMap, source, object, of: name)) { $1 }
                if isAuthority, let file = context.client.authority,
                    let data = FileManager.default.contents(atPath: file)
                {
                    files["ca.crt"] = Array(data)
                }
            } else if let secret = source["secret"], let object = secret["name"]?.text {
                files.merge(try content(.secret, secret, object, of: name)) { $1 }
            } else if let fields = source["downwardAPI"] {
                files.merge(downward(fields)) { $1 }
            }
        }
        return files
    }

    /// Writes files as a kubelet does: `..data` is a link to a folder, and each name is a link into it.
    private func write(_ files: [String: [UInt8]], _ path: String, _ source: JSONValue) throws {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: "\(path)/..data") else { return }
        let mode = source["defaultMode"]?.integer.flatMap { mode_t(exactly: $0) } ?? 0o644
        let version = "..2026_01_01_00_00_00.1"
        try manager.createDirectory(atPath: "\(path)/\(version)", withIntermediateDirectories: true)
        for (name, bytes) in files {
            let file = "\(path)/\(version)/\(name)"
            let parent = URL(filePath: file).deletingLastPathComponent()
            try manager.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: file))
            chmod(file, mode)
            let first = String(name.prefix { $0 != "/" })
            if !manager.fileExists(atPath: "\(path)/\(first)") {
                symlink("..data/\(first)", "\(path)/\(first)")
            }
        }
        symlink(version, "\(path)/..data")
        chmod("\(path)/\(version)", 0o755)
        chmod(path, 0o777)
    }
}
