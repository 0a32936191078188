internal import Documents
internal import Foundation
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
