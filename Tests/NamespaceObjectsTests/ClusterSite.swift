@testable import BackupRepository
import Components
import Documents
import Foundation
import Kubernetes
import Lab
import Logging
import Platform
import Synchronization
import Testing

@testable import NamespaceObjects

/// A cluster with a stack in the namespace `monitoring`, captured and restored by the real kubectl.
struct ClusterSite {
    static let isInstalled = LabTool.isInstalled("kubectl")
    static let pool = BlockingPool(threads: 6)

    let standIn: KubernetesStandIn
    let folder: TemporaryFolder
    let environment: [String: String]
    var settings = NamespaceObjectsComponent()

    init(isEmpty: Bool = false) async throws {
        standIn = try await KubernetesStandIn(
            contract: try APIContract(contentsOf: Checkout.url("fixtures/contracts/kubernetes.json")))
        folder = try TemporaryFolder("namespace-objects")
        let kubeconfig = folder.url.appending(path: "kubeconfig")
        try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        environment = [
            "PATH": "\(kubectl):/usr/bin:/bin", "HOME": folder.path, "KUBECONFIG": kubeconfig.path,
            "NO_PROXY": "127.0.0.1",
        ]
        settings.context = "lab"
        settings.namespace = "monitoring"
        if !isEmpty { try await fill() }
    }

    // MARK: Objects

    static func object(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

    /// Stores objects as a user who is not dr.
    func set(_ text: String) throws {
        let object = try Self.object(text)
        standIn.with { $0.set(object) }
    }

    func present(_ kind: String, _ name: String, in namespace: String = "monitoring") -> JSONValue? {
        standIn.with { $0.object(kind, name, in: namespace) }
    }

    private func fill() async throws {
        for text in Self.stack { try set(text) }
        // The server serves the type soon after its definition.
        try await Patience.wait(until: "the custom type is served") {
            try set(Self.custom)
            return present("Prometheus", "k8s") != nil
        }
    }

    static let definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":
        "prometheuses.monitoring.coreos.com"},"spec":{"group":"monitoring.coreos.com","scope":"Namespaced","names":{"plural":
        "prometheuses","singular":"prometheus","kind":"Prometheus"},"versions":[{"name":"v1","served":true,"storage":true,
        "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas",
        "labelSelectorPath":".status.selector"}}}]}}
        """

    static let custom = """
        {"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus","metadata":{"name":"k8s","namespace":"monitoring"},
        "spec":{"replicas":2}}
        """

    /// One object of each kind of rule.
    static let stack = [
        """
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"monitoring","labels":{"team":"sre"}}}
        """, definition,
        """
        {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"x"}
        """,
        """
        {"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"critical"},"value":1000}
        """,
        """
        {"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"prometheus","namespace":"monitoring"}}
        """,
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"scraper"},"rules":[{"verbs":
        ["get"],"resources":["nodes"],"apiGroups":[""]}]}
        """,
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"unused"},"rules":[]}
        """,
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"scraper"},"roleRef":
        {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"scraper"},"subjects":[{"kind":"ServiceAccount",
        "name":"prometheus","namespace":"monitoring"}]}
        """,
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"reader","namespace":"monitoring"},
        "rules":[{"verbs":["get"],"resources":["pods"],"apiGroups":[""]}]}
        """,
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"reader","namespace":
        "monitoring"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},"subjects":[{"kind":
        "ServiceAccount","name":"prometheus","namespace":"monitoring"}]}
        """,
        """
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rules","namespace":"monitoring"},"data":{"rules.yml":
        "groups: []"}}
        """,
        """
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kube-root-ca.crt","namespace":"monitoring"},"data":{}}
        """,
        """
        {"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"login","namespace":"monitoring"},"data":
        {"password":"c2VjcmV0"}}
        """,
        """
        {"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"token",
        "namespace":"monitoring"},"data":{}}
        """,
        """
        {"apiVersion":"v1","kind":"Secret","type":"helm.sh/release.v1","metadata":{"name":"sh.helm.release.v1.stack.v1",
        "namespace":"monitoring"},"data":{"release":"eA=="}}
        """,
        """
        {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"files","namespace":"monitoring"},"spec":
        {"accessModes":["ReadWriteOnce"],"storageClassName":"fast","resources":{"requests":{"storage":"1Gi"}}}}
        """,
        """
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"prometheus","namespace":"monitoring"},"spec":{"type":
        "NodePort","selector":{"app":"prometheus"},"ports":[{"name":"web","port":9090}]}}
        """,
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"grafana","namespace":"monitoring"},"spec":
        {"replicas":2,"selector":{"matchLabels":{"app":"grafana"}},"template":{"metadata":{"labels":{"app":"grafana"}},
        "spec":{"priorityClassName":"critical","containers":[{"name":"main","image":"grafana:12"}]}}}}
        """,
        """
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"migration","namespace":"monitoring"},"spec":{"template":
        {"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"m:1"}]}}},"status":{"conditions":[{"type":
        "Complete","status":"True"}]}}
        """,
        """
        {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"backup","namespace":"monitoring"},"spec":{"schedule":
        "0 * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":
        "dr:1"}]}}}}}}
        """,
    ]

    /// Adds a StatefulSet that an operator made of the custom resource.
    func addControlled() throws {
        let uid = try #require(present("Prometheus", "k8s")?["metadata"]?["uid"]?.text)
        try set(
            """
            {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"prometheus-k8s","namespace":"monitoring",
            "ownerReferences":[{"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus","name":"k8s","uid":"\(uid)",
            "controller":true}]},"spec":{"replicas":2,"serviceName":"p","selector":{"matchLabels":{"app":"p"}},"template":
            {"metadata":{"labels":{"app":"p"}},"spec":{"containers":[{"name":"main","image":"p:1"}]}}}}
            """)
    }

    /// Deletes the namespace with its objects, and the objects outside of it, as a lost cluster does.
    func lose() async throws {
        try await kubectl("delete", "namespace", "monitoring")
        try await kubectl("delete", "crd", "prometheuses.monitoring.coreos.com")
        try await kubectl("delete", "clusterrole", "scraper")
        try await kubectl("delete", "clusterrolebinding", "scraper")
        try await kubectl("delete", "priorityclass", "critical")
    }

    @discardableResult
    func kubectl(_ arguments: String...) async throws -> String {
        let run = try await CommandRun.run(
            try LabTool.path("kubectl"), ["--context=lab"] + arguments, in: folder.url, environment: environment)
        try #require(run.status == 0, "kubectl \(arguments): \(run.errors)")
        return run.output
    }

    // MARK: Capture

    var kubectl: Kubectl {
        Kubectl(
            context: settings.context, namespace: nil, environment: environment, folder: folder.path, pool: Self.pool)
    }

    func api(patience: Duration = .seconds(10)) -> KubernetesAPI { KubernetesAPI(kubectl, patience: patience) }

    func source(isEncrypted: Bool = true) -> NamespaceObjectsSource {
        NamespaceObjectsSource(api: api(), settings: settings, isEncrypted: isEncrypted, pool: Self.pool)
    }

    /// Captures into the folder `state`, and copies the tree.
    func capture(to name: String = "tree", isEncrypted: Bool = true) async throws -> CapturedObjects {
        let state = folder.url.appending(path: "state")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        let capture = try await source(isEncrypted: isEncrypted).capture(
            CaptureContext(run: "run", state: state.path, logger: Logger(label: "test")))
        let tree = folder.url.appending(path: name)
        try? FileManager.default.removeItem(at: tree)
        try FileManager.default.copyItem(atPath: capture.root, toPath: tree.path)
        try await capture.release()
        return CapturedObjects(
            tree: tree, facts: capture.facts, withheld: capture.withheld, damage: capture.damage,
            warnings: capture.warnings)
    }

    // MARK: Restore

    func restore(
        _ captured: CapturedObjects, replaces: Bool = false, isDryRun: Bool = false, holds: Bool = false,
        prefix: String? = nil
    ) async throws -> [ImportedObject] {
        var request = ImportRequest(
            tree: captured.tree.path, manifest: try captured.manifest(), progress: WorkProgress(),
            logger: Logger(label: "test"))
        request.replaces = replaces
        request.isDryRun = isDryRun
        request.holdsWorkloads = holds
        request.prefix = prefix
        let objects = Mutex<[ImportedObject]>([])
        try await ObjectsImporter(kubectl: kubectl, settings: settings, pool: Self.pool).run(request) { object in
            objects.withLock { $0.append(object) }
        }
        return objects.withLock { $0 }
    }
}

struct CapturedObjects {
    var tree: URL
    var facts: [String: String]
    var withheld: [Withheld]
    var damage: [Damage]
    var warnings: [String]

    /// The paths of the documents.
    var paths: [String] {
        get throws {
            try FileManager.default.subpathsOfDirectory(atPath: tree.path).filter { $0.hasSuffix(".json") }.sorted()
        }
    }

    var contents: [String: Data] {
        get throws {
            Dictionary(
                uniqueKeysWithValues: try paths.map { ($0, try Data(contentsOf: tree.appending(path: $0))) })
        }
    }

    func document(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](try Data(contentsOf: tree.appending(path: path))))
    }
}

extension [ImportedObject] {
    func outcome(_ kind: String, _ name: String) -> ImportedObject.Outcome? {
        first { $0.kind == kind && ($0.name == "'\(name)'" || $0.name.hasPrefix("'\(name)',")) }?.outcome
    }

    func detail(_ kind: String, _ name: String) -> String? {
        first { $0.kind == kind && ($0.name == "'\(name)'" || $0.name.hasPrefix("'\(name)',")) }?.detail
    }

    /// The objects that are not as wanted, for messages of tests.
    func others(than outcome: ImportedObject.Outcome) -> [String] {
        filter { $0.outcome != outcome }.map { "\($0.outcome) \($0.kind) \($0.name): \($0.detail ?? "")" }
    }
}

extension CapturedObjects {
    func manifest() throws -> Manifest {
        var manifest = Manifest(
            format: 1, component: "objects", source: NamespaceObjectsComponent.name, name: Timestamp(seconds: 0),
            captured: Timestamp(seconds: 0), facts: facts,
            totals: .init(files: 0, directories: 0, links: 0, bytes: 0), damage: damage, packs: [])
        manifest.withheld = withheld
        return manifest
    }
}

extension ClusterSite {
    var context: ComponentContext {
        ComponentContext(name: "objects", environment: environment, pool: Self.pool, userAgent: "test", now: { 0 })
    }

    /// Runs the check of the kind.
    /// - Returns: its verdict, its measured value and its detail.
    func check(facts: [String: String]?) async throws -> String {
        var subject = CheckedComponent(settings, context)
        subject.facts = facts
        let check = ObjectsRestored(subject, api(), settings: settings)
        let measurement = try await Self.pool.run { try check.measure() }
        return "\(measurement.verdict): \(measurement.measured): \(measurement.detail ?? "")"
    }
}
