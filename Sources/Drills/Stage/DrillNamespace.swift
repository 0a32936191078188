import Documents
import FoundationEssentials
import Kubernetes
import Platform
import RecoveryPlan
import StackConfiguration

/// The namespace that a drill creates and removes in a cluster.
///
/// Its pods reach each other and the cluster's DNS, and nothing else; nothing from outside reaches them. A quota keeps
/// them from crowding out the stack. The network policy works only if the cluster's network plugin enforces policies.
struct DrillNamespace: Equatable, Sendable {
    /// Nil for the current context, or for the cluster that dr runs in.
    var context: String?
    var name: String

    /// The line in the note of a drill's folder.
    var line: String { "\(context ?? Self.noContext) \(name)" }

    init(context: String?, name: String) {
        self.context = context
        self.name = name
    }

    /// - Returns: nil for any other line.
    init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2, words[1].hasPrefix(Self.prefix), words[1].isKubernetesName else { return nil }
        self.init(context: words[0] == Self.noContext ? nil : words[0], name: words[1])
    }

    private static let prefix = "dr-drill-"
    private static let noContext = "-"

    /// - Parameter run: the id of the drill: digits, letters, hyphens.
    static func name(of run: String) -> String { prefix + run.lowercased() }

    /// The command for an operator.
    var removal: String { "kubectl\(context.map { " --context=\($0)" } ?? "") delete namespace \(name)" }

    private func kubectl(_ pool: BlockingPool) -> Kubectl {
        Kubectl(
            context: context, namespace: nil, environment: ProcessInfo.processInfo.environment, folder: "/", pool: pool)
    }

    /// Creates the namespace with its quota and its network policy, before anything else is in it.
    func create(_ limits: DrillClusterConfiguration, _ pool: BlockingPool) async throws {
        let classes: [String]
        do { classes = try await staticClasses(pool) } catch let error as KubernetesError {
            throw DrillError("namespace \(name)", "\(error)", hint: error.hint)
        }
        for document in [namespace, quota(limits, without: classes), isolation] {
            do {
                try await kubectl(pool).run(
                    ["apply", "--server-side", "--field-manager=dr", "--filename", "-"], input: document.compact)
            } catch let error as KubernetesError {
                throw DrillError("namespace \(name)", "\(error)", hint: error.hint)
            }
        }
    }

    /// The storage classes whose volumes someone makes by hand: a claim of such a class could bind one with live data.
    private func staticClasses(_ pool: BlockingPool) async throws -> [String] {
        let text = try await kubectl(pool).run(["get", "storageclasses", "--output=json"], limit: 4 << 20)
        let classes = (try? JSONValue(parsing: text))?["items"]?.array ?? []
        return classes.filter { $0["provisioner"]?.text == "kubernetes.io/no-provisioner" }
            .compactMap { $0["metadata"]?["name"]?.text }
    }

    private var labels: JSONValue { ["app.kubernetes.io/managed-by": "dr", "dr/drill": "true"] }

    private var namespace: JSONValue {
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name), "labels": labels]]
    }

    private func quota(_ limits: DrillClusterConfiguration, without classes: [String]) -> JSONValue {
        var hard: JSONValue = [
            "pods": .string("\(limits.pods)"), "persistentvolumeclaims": .string("\(limits.claims)"),
            // Nothing outside the cluster may reach a drill's servers.
            "services.loadbalancers": "0", "services.nodeports": "0", "count/ingresses.networking.k8s.io": "0",
        ]
        for name in classes { hard["\(name).storageclass.storage.k8s.io/persistentvolumeclaims"] = "0" }
        if let storage = limits.storage { hard["requests.storage"] = .string(storage) }
        return [
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": ["name": "dr-drill", "namespace": .string(name), "labels": labels],
            "spec": ["hard": hard],
        ]
    }

    private var isolation: JSONValue {
        let within: JSONValue = ["podSelector": [:]]
        let resolver: JSONValue = [
            "ports": [["protocol": "UDP", "port": 53], ["protocol": "TCP", "port": 53]],
            "to": [["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "kube-system"]]]],
        ]
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": ["name": "dr-drill", "namespace": .string(name), "labels": labels],
            "spec": [
                "podSelector": [:], "policyTypes": ["Ingress", "Egress"],
                "ingress": [["from": [within]]], "egress": [["to": [within]], resolver],
            ],
        ]
    }

    /// Removes the namespace with its content, even if the drill was cancelled.
    /// - Returns: the reason for a failure; nil if the namespace was removed.
    func remove(_ pool: BlockingPool) async -> String? {
        let removal = Task { () -> String? in
            do {
                try await kubectl(pool).run(
                    ["delete", "namespace", name, "--ignore-not-found", "--wait=true", "--timeout=120s"],
                    timeout: .minutes(2))
                return nil
            } catch { return "\(error)" }
        }
        return await removal.value
    }
}
