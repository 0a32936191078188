import Documents
import Foundation
import Lab
import Testing

/// Drills that restore into claims of a cluster, in a namespace of their own.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct ClusterDrillTests {
    private static func manifest(port: UInt16) -> String {
        var manifests = PrometheusManifests(port: port)
        manifests.serviceType = "LoadBalancer"
        return """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: prometheus}
            rules: []
            ---
            \(manifests.text)
            """
    }

    private static func drill(_ place: VolumeJourney, _ more: String...) -> [String] {
        [
            "drill", "--scenario", "monitoring_namespace_deletion", "--param", "platform=kubernetes", "--param",
            "context=lab", "--param", "manifests=\(place.journey.data.path)", "--inject", "missing_pack", "--json",
        ] + more
    }

    /// Runs a body with a stack whose server is stopped after its backup: pods share the ports of this machine, so a
    /// second server could not start beside it.
    private static func run(sharing: Bool, _ body: (VolumeJourney) async throws -> Void) async throws {
        let namespace = VolumeJourney.namespace
        let components =
            "prometheus: {url: 'kube://lab/\(namespace)/services/prometheus:PORT', "
            + "kubernetes: {workload: statefulset/prometheus}}\n  objects: {kind: kubernetes}"
        try await VolumeJourney.run(
            components: components,
            extra: "checks: {interval: 1m}\ndrill: {kubernetes: {live_cluster: \(sharing), storage: 2Gi}}"
        ) { place in
            try await place.makeNamespace()
            try place.journey.write("prometheus.yaml", manifest(port: place.port))
            try await place.cluster.require(["apply", "--server-side", "-n", namespace, "-f", place.journey.data.path])
            try await place.cluster.waitUntilReady("prometheus-0", namespace: namespace)
            try await Patience.wait(until: "the server has samples") {
                try await PrometheusQueries(url: "http://127.0.0.1:\(place.port)").query(
                    "count_over_time(up[1m]) > 3", at: Date().timeIntervalSince1970
                ).contains("value")
            }
            try await place.journey.expect(0, "backup")
            if sharing { try await expectNoConflict(place) }
            try await place.stop("statefulset/prometheus", pod: "prometheus-0")
            try await body(place)
        }
    }

    /// The plan stops the server whose pod uses the claim now.
    private static func expectNoConflict(_ place: VolumeJourney) async throws {
        let preview = try await place.journey.expect(
            0, "restore", "--scenario", "complete_cluster_loss", "--dry-run", "--param", "platform=kubernetes",
            "--param", "context=lab", "--param", "manifests=\(place.journey.data.path)"
        ).output
        #expect(preview.contains("in the claim 'data-prometheus-0'"), "\(preview)")
        #expect(!preview.contains("conflict:"), "\(preview)")
    }

    private static func namespaces(_ place: VolumeJourney) async throws -> [String] {
        let list = try await place.cluster.object(["namespaces"])
        return (list["items"]?.array ?? []).compactMap { $0["metadata"]?["name"]?.text }.filter { $0 != "default" }
    }

    @Test func `a drill restores into claims of its own namespace, and removes it`() async throws {
        try await Self.run(sharing: true) { place in
            let claim = ["pvc", "data-prometheus-0", "-n", VolumeJourney.namespace]
            let before = try await place.cluster.object(claim)
            let run = try await place.journey.dr(Self.drill(place))
            #expect(run.status == 0, "\(run.output)\n\(run.errors)")
            let answer = try JSONValue(parsing: run.output)
            #expect(answer["verdict"]?.text == "passed", "\(run.output)")
            let checks = (answer["checks"]?.array ?? []).filter { $0["verdict"]?.text == "passed" }
                .compactMap { $0["name"]?.text }
            #expect(checks.contains("restored_data") && checks.contains("prometheus_data"), "\(checks)")
            #expect(run.output.contains("does not restore the recorded objects"), "\(run.output)")
            #expect(!run.output.contains("drill.servers.objects"))
            let untouched = (answer["liveStackCompared"]?.array ?? []).compactMap(\.text)
            #expect(untouched.contains("prometheus"), "\(run.output)")
            #expect(run.output.contains("no pod of statefulset/prometheus runs"), "\(run.output)")
            #expect(try await Self.namespaces(place) == [VolumeJourney.namespace])
            #expect(try await place.cluster.object(claim)["spec"] == before["spec"])
            // What reaches out of the namespace was not applied.
            #expect(
                try await place.cluster.require(["get", "clusterroles", "-o", "name"]).contains("prometheus") == true)
        }
    }

    @Test func `the live cluster is refused unless it is allowed`() async throws {
        try await Self.run(sharing: false) { place in
            let run = try await place.journey.dr(Self.drill(place))
            #expect(run.status == 1 && run.errors.contains("it is the same context"), "\(run.errors)")
            #expect(try await Self.namespaces(place) == [VolumeJourney.namespace])
        }
    }
}
