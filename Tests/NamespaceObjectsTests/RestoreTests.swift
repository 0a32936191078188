import BackupRepository
import Documents
import Foundation
import Lab
import Testing

@testable import NamespaceObjects

/// Restores with the real kubectl into a stand-in of an API server.
@Suite(.enabled(if: ClusterSite.isInstalled)) struct RestoreTests {
    @Test(arguments: [Duration.zero, .milliseconds(700)])
    func `a lost cluster gets every object back, and a second restore changes nothing`(
        _ definitionLag: Duration
    ) async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.lose()
        site.standIn.with { $0.lag.definition = definitionLag }

        let preview = try await site.restore(captured, isDryRun: true)
        #expect(preview.others(than: .create) == [])
        #expect(site.present("Namespace", "monitoring", in: "") == nil, "a dry run changed the cluster")

        let first = try await site.restore(captured)
        #expect(first.filter { ![.create, .same, .update].contains($0.outcome) } == [], "\(first)")
        #expect(first.outcome("Prometheus", "k8s") == .create && first.outcome("Deployment", "grafana") == .create)
        #expect(site.present("Secret", "login")?["data"]?["password"] == "c2VjcmV0")
        #expect(site.present("Namespace", "monitoring", in: "")?["metadata"]?["labels"]?["team"] == "sre")

        let second = try await site.restore(captured)
        #expect(second.others(than: .same) == [])
        #expect(second.count == first.count)
        let again = try await site.capture(to: "again")
        #expect(
            try again.contents.filter { !$0.key.hasPrefix("reference/") }
                == captured.contents.filter { !$0.key.hasPrefix("reference/") })
        #expect(site.standIn.server.violations == [])
    }

    @Test(arguments: [false, true]) func `a field that another manager changed is respected or taken over`(
        _ replaces: Bool
    ) async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl(
            "--namespace=monitoring", "patch", "configmap", "rules", "--type=merge", "--field-manager=editor",
            "--patch={\"data\":{\"rules.yml\":\"changed\",\"extra.yml\":\"new\"}}")
        let preview = try await site.restore(captured, replaces: replaces, isDryRun: true)
        let objects = try await site.restore(captured, replaces: replaces)
        for result in [preview, objects] {
            #expect(result.outcome("ConfigMap", "rules") == (replaces ? .update : .conflict), "\(result)")
            #expect(result.outcome("Deployment", "grafana") == .same)
        }
        let data = site.present("ConfigMap", "rules")?["data"]
        #expect(data == (replaces ? ["rules.yml": "groups: []"] : ["rules.yml": "changed", "extra.yml": "new"]))
        let detail = try #require(objects.detail("ConfigMap", "rules"))
        #expect(detail.contains(replaces ? "data.extra.yml is not in the backup" : "editor"), "\(detail)")
        if replaces { #expect(try await site.restore(captured, replaces: true).others(than: .same) == []) }
    }

    @Test func `a claim that exists with another class stays as it is`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl("--namespace=monitoring", "delete", "pvc", "files")
        try site.set(
            """
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"files","namespace":"monitoring"},"spec":
            {"accessModes":["ReadWriteOnce"],"storageClassName":"slow","resources":{"requests":{"storage":"2Gi"}}}}
            """)
        let objects = try await site.restore(captured, replaces: true)
        #expect(objects.outcome("PersistentVolumeClaim", "files") == .skipped)
        #expect(objects.detail("PersistentVolumeClaim", "files")?.contains("spec.storageClassName: \"slow\"") == true)
        #expect(site.present("PersistentVolumeClaim", "files")?["spec"]?["storageClassName"] == "slow")
    }

    @Test func `held workloads have no pods until they are scaled`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl("delete", "namespace", "monitoring")
        let held = try await site.restore(captured, holds: true)
        #expect(held.detail("Deployment", "grafana") == "held at 0 replicas, 2 in the backup")
        for (kind, name, number) in [("Deployment", "grafana", "2"), ("Prometheus", "k8s", "2")] {
            let object = site.present(kind, name)
            #expect(object?["spec"]?["replicas"] == 0, "\(kind)")
            #expect(object?["metadata"]?["annotations"]?["dr/replicas"]?.text == number, "\(kind)")
        }
        #expect(site.present("CronJob", "backup")?["spec"]?["suspend"] == true)
        #expect(try await site.restore(captured, holds: true).others(than: .same) == [])
        let released = try await site.restore(captured)
        #expect(released.outcome("Deployment", "grafana") == .update)
        #expect(site.present("Deployment", "grafana")?["spec"]?["replicas"] == 2)
        #expect(site.present("CronJob", "backup")?["spec"]?["suspend"] != true)
    }

    @Test func `manifests that a plan applies after a held restore do not conflict`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl("delete", "namespace", "monitoring")
        _ = try await site.restore(captured, replaces: true, holds: true)
        #expect(site.present("Namespace", "monitoring", in: "") != nil)
        #expect(site.present("Deployment", "grafana")?["spec"]?["replicas"] == 0)
        let manifest = site.folder.url.appending(path: "manifest.json")
        for replicas in [2, 3] {
            try Data(
                """
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"grafana","namespace":"monitoring"},"spec":
                {"replicas":\(replicas),"selector":{"matchLabels":{"app":"grafana"}},"template":{"metadata":{"labels":{"app":
                "grafana"}},"spec":{"containers":[{"name":"main","image":"grafana:13"}]}}}}
                """.utf8
            ).write(to: manifest)
            try await site.kubectl("apply", "--server-side", "--field-manager=dr", "--filename", manifest.path)
            #expect(site.present("Deployment", "grafana")?["spec"]?["replicas"] == JSONValue(replicas))
        }
    }

    @Test func `a workload that runs is not stopped by hold`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl("--namespace=monitoring", "scale", "deployment/grafana", "--replicas=3")
        let held = try await site.restore(captured, replaces: true, holds: true)
        #expect(held.outcome("Deployment", "grafana") == .same)
        #expect(held.detail("Deployment", "grafana") == "it keeps its 3 replicas, 2 in the backup")
        #expect(site.present("Deployment", "grafana")?["spec"]?["replicas"] == 3)
        #expect(site.present("CronJob", "backup")?["spec"]?["suspend"] != true)
    }

    @Test func `a prefix restores beside the live namespace and leaves it alone`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        let before = try await site.capture(to: "before").contents
        let objects = try await site.restore(captured, replaces: true, prefix: "drill-")
        #expect(objects.filter { [.failed, .conflict].contains($0.outcome) } == [], "\(objects)")
        #expect(site.present("ConfigMap", "rules", in: "drill-monitoring") != nil)
        let subjects = site.present("RoleBinding", "reader", in: "drill-monitoring")?["subjects"]?.array
        #expect(subjects?.first?["namespace"] == "drill-monitoring")
        #expect(site.present("Service", "prometheus", in: "drill-monitoring")?["spec"]?["type"] == "ClusterIP")
        #expect(objects.outcome("ClusterRole", "scraper") == .skipped)
        #expect(try await site.capture(to: "after").contents == before)
    }

    @Test func `one refused object does not stop the others`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl("delete", "namespace", "monitoring")
        site.standIn.with { $0.denied = ["patch services"] }
        let objects = try await site.restore(captured)
        #expect(objects.outcome("Service", "prometheus") == .failed)
        #expect(objects.detail("Service", "prometheus")?.contains("forbidden") == true)
        #expect(objects.outcome("Deployment", "grafana") == .create)
        #expect(objects.outcome("Prometheus", "k8s") == .create)
    }

    @Test func `an object that is being deleted is a conflict that names its finalizers`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try site.set(
            """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rules","namespace":"monitoring","finalizers":
            ["example.com/guard"],"deletionTimestamp":"2026-01-01T00:00:00Z"},"data":{}}
            """)
        let objects = try await site.restore(captured)
        #expect(objects.outcome("ConfigMap", "rules") == .conflict)
        #expect(objects.detail("ConfigMap", "rules")?.contains("example.com/guard") == true, "\(objects)")
    }

    @Test(arguments: [false, true]) func `a Secret that the backup lacks must exist`(_ exists: Bool) async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture(isEncrypted: false)
        if !exists { try await site.kubectl("--namespace=monitoring", "delete", "secret", "login") }
        let objects = try await site.restore(captured)
        #expect(objects.outcome("Secret", "login") == (exists ? .skipped : .failed))
        #expect(objects.outcome("Secret", "sh.helm.release.v1.stack.v1") == .skipped)
    }

    @Test func `a workload keeps the number of replicas that its autoscaler chose`() async throws {
        let site = try await ClusterSite()
        try site.set(
            """
            {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"grafana","namespace":
            "monitoring"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"grafana"},"minReplicas":
            2,"maxReplicas":6}}
            """)
        let captured = try await site.capture()
        try await site.kubectl("--namespace=monitoring", "scale", "deployment/grafana", "--replicas=5")
        let objects = try await site.restore(captured, replaces: true)
        #expect(objects.outcome("Deployment", "grafana") == .same)
        #expect(site.present("Deployment", "grafana")?["spec"]?["replicas"] == 5)
    }

    @Test func `a damaged document fails alone`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        for (name, text) in [("broken", "{"), ("nameless", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}")] {
            try Data(text.utf8).write(to: captured.tree.appending(path: "core/\(name).json"))
        }
        let objects = try await site.restore(captured)
        #expect(objects.filter { $0.outcome == .failed }.map(\.name) == ["'core/broken.json'", "'core/nameless.json'"])
    }

    // MARK: Check

    @Test(
        arguments: [
            ([], "passed"), (["--namespace=monitoring", "delete", "configmap", "rules"], "missing: ConfigMap 'rules'"),
            (
                [
                    "--namespace=monitoring", "patch", "service", "prometheus", "--type=merge",
                    "--patch={\"spec\":{\"selector\":{\"app\":\"other\"}}}",
                ], "different: Service 'prometheus'"
            ),
            (["--namespace=monitoring", "scale", "deployment/grafana", "--replicas=4"], "passed"),
            (["delete", "crd", "prometheuses.monitoring.coreos.com"], "Prometheus 'k8s'"),
        ] as [([String], String)]) func `the check names missing and different objects`(
            _ change: [String], _ finding: String
        ) async throws
    {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        if !change.isEmpty {
            let run = try await CommandRun.run(
                try LabTool.path("kubectl"), ["--context=lab"] + change, in: site.folder.url,
                environment: site.environment)
            try #require(run.status == 0, "\(run.errors)")
        }
        let result = try await site.check(facts: captured.facts)
        #expect(result.contains(finding), "\(result)")
        #expect(result.hasPrefix("passed") == (finding == "passed"), "\(result)")
    }
}
