internal import Documents
internal import Foundation
internal import Glibc
internal import Synchronization

/// The parts of a kubelet that its pods share.
final class KubeletContext: Sendable {
    let client: KubernetesClient
    let folder: URL
    let options: KubeletOptions
    let attachments = VolumeAttachments()
    let tinyDisks: TinyDisks
    let hosts: HostsFiles
    let execFault = Mutex<(@Sendable (ExecRequest) -> ExecFault?)?>(nil)
    private let images: Mutex<[String: LabImage]>

    init(client: KubernetesClient, folder: URL, options: KubeletOptions) {
        self.client = client
        self.folder = folder
        self.options = options
        images = Mutex(options.images)
        tinyDisks = TinyDisks(sizes: options.tinyClaims)
        hosts = HostsFiles(folder: folder.appending(path: "hosts"))
    }

    func image(_ name: String) -> LabImage? { images.withLock { $0[name] } }

    func setImage(_ name: String, _ image: LabImage?) { images.withLock { $0[name] = image } }

    // MARK: Data of the API server

    enum DataKind {
        case configMap
        case secret

        var singular: String { self == .secret ? "secret" : "configmap" }
        var title: String { self == .secret ? "Secret" : "ConfigMap" }
        fileprivate var plural: String { singular + "s" }
    }

    /// Returns the content of a ConfigMap or Secret; nil if it does not exist.
    func data(_ kind: DataKind, _ name: String, in namespace: String) throws -> [String: [UInt8]]? {
        let answer = try client.get("/api/v1/namespaces/\(namespace)/\(kind.plural)/\(name)")
        guard answer.isSuccess else { return nil }
        func decoded(_ member: String) -> [String: [UInt8]] {
            (answer.body[member]?.object ?? [:]).compactMapValues { value in
                value.text.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
            }
        }
        if kind == .secret { return decoded("data") }
        let texts = (answer.body["data"]?.object ?? [:]).compactMapValues { $0.text.map { Array($0.utf8) } }
        return decoded("binaryData").merging(texts) { $1 }
    }

    /// Requests a token of a service account. A server without them gives a fixed text.
    func token(of account: String, in namespace: String) throws -> String {
        let answer = try client.call(
            "POST", "/api/v1/namespaces/\(namespace)/serviceaccounts/\(account)/token",
            ["kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": ["expirationSeconds": 3607]])
        return answer.body["status"]?["token"]?.text ?? "laboratory"
    }

    /// The directory of a volume: that of its annotation `lab/path`, or of its source.
    func directory(of volume: JSONValue, name: String) -> String {
        let spec = volume["spec"]
        return volume["metadata"]?["annotations"]?["lab/path"]?.text ?? spec?["local"]?["path"]?.text
            ?? spec?["hostPath"]?["path"]?.text ?? folder.appending(path: "volumes/\(name)").path
    }

    /// Records an event. A failure is ignored, as a kubelet does.
    func event(
        _ type: String, _ reason: String, _ message: String, of pod: PodObject, component: String = "kubelet",
        node: String
    ) {
        let now = Date().ISO8601Format()
        let name = "\(pod.name).\(String(UInt64.random(in: 0...(.max)), radix: 16))"
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(pod.namespace)],
            "involvedObject": [
                "kind": "Pod", "apiVersion": "v1", "namespace": .string(pod.namespace), "name": .string(pod.name),
                "uid": .string(pod.uid),
            ],
            "type": .string(type), "reason": .string(reason), "message": .string(message),
            "source": ["component": .string(component), "host": .string(node)],
            "reportingComponent": .string(component),
            "reportingInstance": .string(node), "count": 1, "firstTimestamp": .string(now),
            "lastTimestamp": .string(now),
        ]
        _ = try? client.call("POST", "/api/v1/namespaces/\(pod.namespace)/events", event)
    }
}

/// A container image: programs of this machine.
package struct LabImage: Sendable {
    /// The folder that comes first in the `PATH`; nil for none.
    package var folder: String?
    /// Further folders that containers can read, under their own paths.
    package var visible: [String]
    /// The program and arguments for a container without a command.
    package var entrypoint: [String]
    /// The user and group for a pod that names none.
    package var user: UInt32
    package var group: UInt32
    package var environment: [String: String] = [:]

    package init(
        folder: String? = nil, visible: [String] = [], entrypoint: [String] = [], user: UInt32 = 0, group: UInt32 = 0
    ) {
        self.folder = folder
        self.visible = visible
        self.entrypoint = entrypoint
        self.user = user
        self.group = group
    }
}

/// The settings of the laboratory kubelet.
package struct KubeletOptions: Sendable {
    /// The images that nodes can pull, by name.
    package var images: [String: LabImage]
    /// The sizes in kibibytes of claims ("NAMESPACE/NAME") whose volumes are small file systems in memory.
    package var tinyClaims: [String: Int]
    /// The first delay of a restart, which doubles with each restart.
    package var firstBackOff: Duration
    /// True to create volumes for pending claims and the storage classes for them, where no other provisioner runs.
    package var provisions: Bool

    package init(
        images: [String: LabImage] = [:], tinyClaims: [String: Int] = [:], firstBackOff: Duration = .seconds(1),
        provisions: Bool = false
    ) {
        self.images = images
        self.tinyClaims = tinyClaims
        self.firstBackOff = firstBackOff
        self.provisions = provisions
    }
}

/// Small file systems in memory, mounted at the directories of volumes.
final class TinyDisks: Sendable {
    private let sizes: [String: Int]
    private let mounted = Mutex<Set<String>>([])

    init(sizes: [String: Int]) { self.sizes = sizes }

    func mountIfWanted(claim: String, namespace: String, at path: String) throws {
        guard let size = sizes["\(namespace)/\(claim)"], mounted.withLock({ $0.insert(path).inserted }) else { return }
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(size)k,mode=0755") == 0 else {
            throw LabError("cannot mount '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    func unmountAll() {
        for path in mounted.withLock({ mounted in
            defer { mounted = [] }
            return mounted
        }) { umount2(path, CInt(MNT_DETACH)) }
    }
}

/// The files for `/etc/hosts`, one for each namespace. Containers mount them, so they are changed in place.
final class HostsFiles: Sendable {
    private let folder: URL
    private let names = Mutex<[String: String]>([:])

    init(folder: URL) { self.folder = folder }

    /// The path of the file for a namespace.
    func path(of namespace: String) throws -> String {
        let file = folder.appending(path: namespace)
        let text = names.withLock { $0[namespace] ?? "" }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: file.path) { try write(namespace, text) }
        return file.path
    }

    /// Maps the names of services and of pods with a subdomain to this machine.
    func update(services: [JSONValue], pods: [PodObject]) throws {
        var all: [String: [String]] = [:]
        var everywhere: [String] = []
        for service in services {
            guard let name = service["metadata"]?["name"]?.text, let namespace = service["metadata"]?["namespace"]?.text
            else { continue }
            everywhere.append("\(name).\(namespace).svc.cluster.local \(name).\(namespace).svc \(name).\(namespace)")
            all[namespace, default: []].append(name)
        }
        for pod in pods {
            guard let subdomain = pod.spec["subdomain"]?.text else { continue }
            let name = "\(pod.spec["hostname"]?.text ?? pod.name).\(subdomain).\(pod.namespace).svc"
            everywhere.append("\(name).cluster.local \(name)")
        }
        let lines = everywhere.sorted().map { "127.0.0.1 \($0)\n" }.joined()
        for namespace in Set(all.keys).union(pods.map(\.namespace)) {
            let text = lines + all[namespace, default: []].sorted().map { "127.0.0.1 \($0)\n" }.joined()
            let isNew = names.withLock { names in
                defer { names[namespace] = text }
                return names[namespace] != text
            }
            if isNew, FileManager.default.fileExists(atPath: folder.appending(path: namespace).path) {
                try write(namespace, text)
            }
        }
    }

    private func write(_ namespace: String, _ text: String) throws {
        let file = folder.appending(path: namespace)
        let content = Data("127.0.0.1 localhost\n\(text)".utf8)
        if !FileManager.default.fileExists(atPath: file.path) {
            try content.write(to: file)
        } else {
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: content)
            try handle.close()
        }
        chmod(file.path, 0o644)
    }
}
