internal import FoundationEssentials
internal import Platform

/// The address of a server in a Kubernetes cluster: `kube://CONTEXT/NAMESPACE/services/NAME:PORT`, with an optional
/// path.
///
/// An empty context is the current one of the kubeconfig, or the cluster that dr runs in. A context with a slash is
/// written with `%2F`. `services/https:NAME:PORT` is a server with TLS, as in the API server's own proxy addresses.
package struct ClusterAddress: Hashable, Sendable {
    package enum Kind: String, Sendable { case services, pods }

    package static let scheme = "kube://"

    /// Nil for the current context.
    package var context: String?
    package var namespace: String
    package var kind: Kind
    package var name: String
    package var port: UInt16
    package var usesTLS = false
    /// The rest of the URL, from its slash or question mark; may be empty.
    package var path = ""

    package init(
        context: String?, namespace: String, kind: Kind, name: String, port: UInt16, usesTLS: Bool = false,
        path: String = ""
    ) {
        self.context = context
        self.namespace = namespace
        self.kind = kind
        self.name = name
        self.port = port
        self.usesTLS = usesTLS
        self.path = path
    }

    /// The base URL that a pod of the cluster uses: "http://metrics.monitoring.svc:9090".
    ///
    /// For a pod the name is not in the cluster's DNS: it only names the server in requests and certificates.
    package var url: String {
        let domain = kind == .services ? "svc" : "pod"
        return "\(usesTLS ? "https" : "http")://\(name).\(namespace).\(domain):\(port)"
    }

    /// The address as `dr.yaml` has it.
    package var text: String {
        let context = PercentEncoding.encode(context ?? "", keeping: ":@")
        return Self.scheme
            + "\(context)/\(namespace)/\(kind.rawValue)/\(usesTLS ? "https:" : "")\(name):\(port)\(path)"
    }

    /// The same server without a path.
    package var server: ClusterAddress {
        var address = self
        address.path = ""
        return address
    }

    /// Returns the address, or the reason why it is refused, to follow the words "the URL".
    package static func parse(_ text: String) -> Result<ClusterAddress, HTTPAddress.Refusal> {
        let form = "is not of the form kube://CONTEXT/NAMESPACE/services/NAME:PORT"
        guard text.hasPrefix(scheme), text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
            return .failure(HTTPAddress.Refusal(form))
        }
        let parts = text.dropFirst(scheme.count).split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let context = PercentEncoding.decode(parts[0]), context.first != "-",
            let kind = Kind(rawValue: String(parts[2])), isLabel(parts[1])
        else { return .failure(HTTPAddress.Refusal(form)) }
        var rest = parts[3]
        let usesTLS = rest.hasPrefix("https:")
        if usesTLS { rest = rest.dropFirst("https:".count) }
        let target = rest.prefix { !"/?#".contains($0) }
        let words = target.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count == 2, isLabel(words[0]), let port = UInt16(words[1]), port > 0 else {
            return .failure(HTTPAddress.Refusal(form))
        }
        return .success(
            ClusterAddress(
                context: context.isEmpty ? nil : context, namespace: String(parts[1]), kind: kind,
                name: String(words[0]), port: port, usesTLS: usesTLS, path: String(rest.dropFirst(target.count))))
    }

    /// True for the names that Kubernetes gives to namespaces, services and pods.
    private static func isLabel(_ text: Substring) -> Bool {
        !text.isEmpty && text.first != "-" && text.first != "."
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }
}
