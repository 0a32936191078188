internal import Documents
internal import Foundation
internal import Synchronization

/// A fault of a stream between a client and the kubelet of its pod, such as `kubectl exec`.
package struct KubernetesStreamFault: Sendable {
    package enum End: Sendable {
        /// RST, as after a crash of a proxy.
        case reset
        /// FIN without a word of the protocol.
        case close
        /// A normal end of the WebSocket between two messages and without a status: kubectl exits with 0.
        case normalClose
        /// No more bytes, and no end.
        case stall
    }

    /// The number of bytes towards the client before the fault, without the head of the response.
    package var after: Int
    package var end: End

    package init(after: Int, end: End) {
        self.after = after
        self.end = end
    }
}

/// Streams of pods, which the API server passes on to the kubelet of the pod's node.
extension KubernetesCluster {
    /// The kubelet's port, and the target of the request to it.
    struct Forward: Sendable {
        var port: UInt16
        var target: String
    }

    /// - Parameter message: the request as sent: it may repeat parameters.
    func forward(_ request: StandInRequest, _ target: KubernetesTarget, _ message: HTTPMessage) -> Result<
        Forward, KubernetesWatch.Refusal
    > {
        func failure(_ code: Int, _ reason: String, _ text: String) -> Result<Forward, KubernetesWatch.Refusal> {
            .failure(KubernetesWatch.Refusal(answer: .kubernetes(code, reason, text)))
        }
        guard !isTokenExpired else { return failure(401, "Unauthorized", "Unauthorized") }
        if let refusal = refusal(request, target) { return .failure(KubernetesWatch.Refusal(answer: refusal)) }
        let key = Key(resource: .pods, namespace: target.namespace ?? "", name: target.name ?? "")
        guard let pod = self[key] else { return failure(404, "NotFound", "\(key.text) not found") }
        let names = ["containers", "initContainers", "ephemeralContainers"].flatMap { pod["spec"]?[$0]?.array ?? [] }
            .compactMap { $0["name"]?.text }
        let usual = pod["metadata"]?["annotations"]?["kubectl.kubernetes.io/default-container"]?.text
        let container = request.query["container"] ?? usual ?? names.first ?? ""
        guard names.contains(container) else {
            return failure(400, "BadRequest", "container \(container) is not valid for pod \(key.name)")
        }
        guard let name = pod["spec"]?["nodeName"]?.text else {
            return failure(400, "BadRequest", "pod \(key.name) does not have a host assigned")
        }
        let node = self[Key(resource: .nodes, namespace: "", name: name)]
        let endpoint = node?["status"]?["daemonEndpoints"]?["kubeletEndpoint"]?["Port"]?.integer
        guard let port = endpoint.flatMap({ UInt16(exactly: $0) }) else {
            return failure(500, "InternalError", "Internal error occurred: no kubelet serves node \(name)")
        }
        let place = "\(key.namespace)/\(key.name)"
        let query = Self.query(of: message)
        let path =
            switch target.subresource {
            case "portforward": "/portForward/\(place)"
            case "log": "/containerLogs/\(place)/\(container)"
            case "attach": "/attach/\(place)/\(container)"
            default: "/exec/\(place)/\(container)"
            }
        return .success(Forward(port: port, target: query.isEmpty ? path : "\(path)?\(query)"))
    }

    /// Returns the query as a kubelet expects it.
    private static func query(of message: HTTPMessage) -> String {
        let names = ["stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty", "ports": "port"]
        let parts = message.target.split(separator: "?", maxSplits: 1)
        let items = parts.count > 1 ? parts[1].split(separator: "&") : []
        return items.compactMap { item -> String? in
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = pair.first, name != "container" else { return nil }
            guard let own = names[name] else { return String(item) }
            guard own != "port" else { return "port=\(pair.last ?? "")" }
            return pair.last == "true" || pair.last == "1" ? "\(own)=1" : nil
        }.joined(separator: "&")
    }
}

/// Two connections whose bytes are passed on to each other.
struct KubernetesSplice: Sendable {
    let client: LoopbackConnection
    let kubelet: LoopbackConnection
    var fault: KubernetesStreamFault?

    /// Passes on bytes until both sides have ended.
    func run(_ request: HTTPMessage) {
        guard kubelet.send(request.bytes) else { return }
        let hasEnded = DispatchSemaphore(value: 0)
        Thread { [client, kubelet] in
            // Bytes that the kubelet no longer reads are read all the same: unread ones would reset the connection, and the
            // client would lose the end of the output.
            while let bytes = client.receive() { kubelet.send(bytes) }
            kubelet.endSending()
            hasEnded.signal()
        }.start()
        toClient()
        _ = hasEnded.wait(timeout: .now() + .seconds(10))
        client.shutDown()
        kubelet.shutDown()
    }

    private func toClient() {
        var passed = Passed()
        while let bytes = kubelet.receive() {
            guard let fault else {
                guard client.send(bytes) else { return }
                continue
            }
            let (part, isOver) = passed.next(bytes, until: fault)
            guard client.send(part) else { return }
            guard isOver else { continue }
            switch fault.end {
            case .reset: client.reset()
            case .close: client.shutDown()
            case .normalClose: client.send([0x88, 0x02, 0x03, 0xE8])
            case .stall: kubelet.stall()
            }
            return
        }
        client.endSending()
    }

    /// The bytes that were passed on to the client.
    private struct Passed {
        private var head: [UInt8] = []
        private var isPastHead = false
        private var body = 0
        /// The bytes of the present WebSocket message that are still to come.
        private var rest = 0
        private var frame: [UInt8] = []

        /// Returns the bytes to pass on, and whether the fault follows them.
        mutating func next(_ bytes: [UInt8], until fault: KubernetesStreamFault) -> ([UInt8], Bool) {
            var part: [UInt8] = []
            part.reserveCapacity(bytes.count)
            for byte in bytes {
                let isEnd =
                    isPastHead && body >= fault.after && (fault.end != .normalClose || (rest == 0 && frame.isEmpty))
                if isEnd { return (part, true) }
                part.append(byte)
                pass(byte)
            }
            return (part, false)
        }

        private mutating func pass(_ byte: UInt8) {
            guard isPastHead else {
                head.append(byte)
                isPastHead = head.suffix(4) == [13, 10, 13, 10]
                return
            }
            body += 1
            guard rest == 0 else {
                rest -= 1
                return
            }
            frame.append(byte)
            guard frame.count >= 2 else { return }
            // A server's frames have no mask: RFC 6455, section 5.2.
            let short = Int(frame[1] & 0x7F)
            let extra = short == 126 ? 2 : short == 127 ? 8 : 0
            guard frame.count == 2 + extra else { return }
            rest = extra == 0 ? short : frame.dropFirst(2).reduce(0) { ($0 << 8 | Int($1)) & 0xFFFF_FFFF }
            frame = []
        }
    }
}
