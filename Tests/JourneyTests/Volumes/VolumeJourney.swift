import Documents
import Foundation
import Lab
import Testing

/// A laboratory cluster with a stack in the namespace `monitoring`, and the built `dr` beside it.
struct VolumeJourney {
    let cluster: LaboratoryCluster
    let journey: Journey
    /// The port of the server: pods share the ports of this machine.
    let port: UInt16

    static let namespace = "monitoring"

    /// Runs a body with a new cluster, and stops it, whatever the body throws.
    /// - Parameters:
    ///   - components: of dr.yaml, in place of PORT the server's port.
    ///   - more: further lines for dr.yaml.
    static func run(
        components: String, store: String = "", extra more: String = "", options: KubeletOptions = KubeletOptions(),
        s3: (any S3Server)? = nil, initialize: Bool = true, _ body: (VolumeJourney) async throws -> Void
    ) async throws {
        var options = options
        options.images["dr:lab"] = LabImage(folder: URL(filePath: Journey.program).deletingLastPathComponent().path)
        let port = try #require(try FreePort.find().first)
        try await LaboratoryCluster.run(options: options) { cluster in
            let journey = try await Journey(
                s3: s3, store: store, components: components.replacing("PORT", with: "\(port)"),
                extra: """
                    kubernetes: {context: lab, namespace: \(namespace), image: "dr:lab", within: 1m}
                    \(more)
                    """, environment: ["KUBECONFIG": cluster.kubeconfig], initialize: false)
            if initialize { try await journey.expect(0, "init") }
            try await body(VolumeJourney(cluster: cluster, journey: journey, port: port))
        }
    }

    func makeNamespace() async throws {
        try await cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(Self.namespace)}}")
    }

    /// A StatefulSet whose pod writes files into its claim as a user of its own, under a subPath.
    /// - Parameter node: the node of its pods; nil for any.
    func applyFiles(
        _ name: String = "web", replicas: Int = 1, files: Int = 200, size: String = "10Mi", node: String? = nil
    ) async throws {
        let selector = node.map { "nodeSelector: {kubernetes.io/hostname: \($0)}" } ?? ""
        let script =
            "mkdir -p /srv/web/sub && cd /srv/web && i=0; while [ $i -lt \(files) ]; do [ -e sub/$i ] || "
            + "head -c 20000 /dev/urandom > sub/$i; i=$((i+1)); done; echo done > ready; exec sleep 1000"
        try await cluster.apply(
            """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: \(name), namespace: \(Self.namespace)}
            spec:
              replicas: \(replicas)
              serviceName: \(name)
              selector: {matchLabels: {app: \(name)}}
              template:
                metadata: {labels: {app: \(name)}}
                spec:
                  \(selector)
                  terminationGracePeriodSeconds: 1
                  securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 2000, runAsNonRoot: true}
                  containers:
                  - name: web
                    image: \(LaboratoryCluster.plainImage)
                    command: [/bin/sh, -c, "\(script)"]
                    readinessProbe: {exec: {command: [cat, /srv/web/ready]}, periodSeconds: 1}
                    volumeMounts: [{name: data, mountPath: /srv/web, subPath: content}]
              volumeClaimTemplates:
              - metadata: {name: data, labels: {app: \(name)}}
                spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: \(size)}}}
            """)
        if replicas > 0 { try await cluster.waitUntilReady("\(name)-0", namespace: Self.namespace) }
    }

    /// The sums of all files in the claim of `web`, as its pod sees them.
    func sums() async throws -> String {
        try await cluster.require([
            "exec", "-n", Self.namespace, "web-0", "-c", "web", "--", "sh", "-c",
            "cd /srv/web && find . -type f ! -path './.dr*' | sort | xargs sha256sum && stat -c '%u %g' sub",
        ])
    }

    /// The names of previous content that a restore kept in the claim of `web`.
    func kept() async throws -> String {
        try await cluster.require([
            "exec", "-n", Self.namespace, "web-0", "-c", "web", "--", "sh", "-c",
            "cd /srv/web && find . -maxdepth 2 -name '.dr*'",
        ]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func stop(_ workload: String, pod: String) async throws {
        try await cluster.require(["scale", "-n", Self.namespace, workload, "--replicas=0"])
        try await cluster.require(["wait", "-n", Self.namespace, "pod/\(pod)", "--for=delete", "--timeout=60s"])
    }

    func start(_ workload: String, pod: String) async throws {
        try await cluster.require(["scale", "-n", Self.namespace, workload, "--replicas=1"])
        try await cluster.waitUntilReady(pod, namespace: Self.namespace)
    }

    /// The pods of dr that are there and not ending.
    func movers() async throws -> [String] {
        var list: JSONValue?
        // An outage that the test planned may last longer than the command.
        try await Patience.wait(until: "the API server answers") {
            list = try? await cluster.object(["pods", "-n", Self.namespace, "-l", "app.kubernetes.io/managed-by=dr"])
            return list != nil
        }
        return (list?["items"]?.array ?? []).filter { $0["metadata"]?["deletionTimestamp"] == nil }
            .compactMap { $0["metadata"]?["name"]?.text }
    }
}
