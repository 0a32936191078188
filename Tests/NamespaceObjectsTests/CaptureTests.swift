import BackupRepository
import Documents
import Foundation
import Lab
import Synchronization
import Testing

@testable import NamespaceObjects

/// Captures with the real kubectl from a stand-in of an API server.
@Suite(.enabled(if: ClusterSite.isInstalled)) struct CaptureTests {
    @Test func `a backup holds the wanted objects and those outside of the namespace that they need`() async throws {
        let site = try await ClusterSite()
        try site.addControlled()
        let captured = try await site.capture()
        #expect(captured.damage == [])
        #expect(captured.withheld == [])
        let paths = try captured.paths
        for path in [
            "core/Namespace/monitoring.json", "core/ConfigMap/monitoring/rules.json",
            "core/Secret/monitoring/login.json", "core/Secret/monitoring/sh.helm.release.v1.stack.v1.json",
            "core/PersistentVolumeClaim/monitoring/files.json", "core/Service/monitoring/prometheus.json",
            "core/ServiceAccount/monitoring/prometheus.json", "apps/Deployment/monitoring/grafana.json",
            "batch/CronJob/monitoring/backup.json", "monitoring.coreos.com/Prometheus/monitoring/k8s.json",
            "rbac.authorization.k8s.io/Role/monitoring/reader.json",
            "rbac.authorization.k8s.io/RoleBinding/monitoring/reader.json",
            "rbac.authorization.k8s.io/ClusterRole/scraper.json",
            "rbac.authorization.k8s.io/ClusterRoleBinding/scraper.json",
            "scheduling.k8s.io/PriorityClass/critical.json",
            "apiextensions.k8s.io/CustomResourceDefinition/prometheuses.monitoring.coreos.com.json",
            "reference/storage.k8s.io/StorageClass/fast.json",
        ] {
            #expect(paths.contains(path), "\(path) is missing")
        }
        for kind in ["Pod", "ReplicaSet", "Job", "StatefulSet", "Event", "EndpointSlice"] {
            #expect(!paths.contains { $0.contains("/\(kind)/") }, "\(kind) is captured: \(paths)")
        }
        for path in [
            "core/ConfigMap/monitoring/kube-root-ca.crt.json", "core/Secret/monitoring/token.json",
            "rbac.authorization.k8s.io/ClusterRole/unused.json",
        ] { #expect(!paths.contains(path)) }
        let deployment = try captured.document("apps/Deployment/monitoring/grafana.json")
        #expect(deployment["status"] == nil && deployment["metadata"]?["uid"] == nil)
        #expect(deployment["spec"]?["replicas"] == 2)
        #expect(captured.facts["objects"].flatMap { Int($0) } == paths.filter { !$0.hasPrefix("reference/") }.count)
        #expect(site.standIn.server.violations == [])
    }

    @Test func `two captures of an unchanged namespace have equal bytes`() async throws {
        let site = try await ClusterSite()
        let first = try await site.capture(to: "first")
        // Status, versions and annotations of controllers change all the time.
        try await site.kubectl(
            "--namespace=monitoring", "annotate", "deployment/grafana", "deployment.kubernetes.io/revision=7",
            "--overwrite")
        let second = try await site.capture(to: "second")
        #expect(try first.contents == second.contents)
        #expect(first.facts == second.facts)
    }

    @Test func `Secrets do not reach a store without encryption`() async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture(isEncrypted: false)
        #expect(try captured.paths.filter { $0.contains("/Secret/") } == [])
        #expect(
            captured.withheld.map(\.path) == [
                "core/Secret/monitoring/login.json", "core/Secret/monitoring/sh.helm.release.v1.stack.v1.json",
            ])
        for (path, content) in try captured.contents {
            #expect(!String(decoding: content, as: UTF8.self).contains("c2VjcmV0"), "\(path) has the secret")
        }
    }

    @Test(
        arguments: [
            (["configmaps"], [], ["core/ConfigMap"]),
            (["StatefulSet", "deployments.apps"], [], ["apps/Deployment"]),
            ([], ["secrets", "Prometheus", "roles.rbac.authorization.k8s.io"], nil),
        ] as [([String], [String], [String]?)]) func `types are included and excluded by their names`(
            _ included: [String], _ excluded: [String], kinds: [String]?
        ) async throws
    {
        var site = try await ClusterSite()
        site.settings.included = included
        site.settings.excluded = excluded
        site.settings.clusterObjects = .never
        let found = Set(
            try await site.capture().paths.map { $0.split(separator: "/").prefix(2).joined(separator: "/") })
        if let kinds {
            #expect(found.subtracting(["core/Namespace"]) == Set(kinds))
        } else {
            #expect(
                found.isDisjoint(with: [
                    "core/Secret", "monitoring.coreos.com/Prometheus", "rbac.authorization.k8s.io/Role",
                ]))
            #expect(found.contains("rbac.authorization.k8s.io/RoleBinding"))
        }
    }

    @Test(arguments: [
        ("list deployments", "apps/Deployment/monitoring", "core/ConfigMap/monitoring/rules.json"),
        ("list secrets", "core/Secret/monitoring", "apps/Deployment/monitoring/grafana.json"),
        (
            "list clusterrolebindings", "rbac.authorization.k8s.io/ClusterRoleBinding",
            "core/Secret/monitoring/login.json"
        ),
        (
            "get customresourcedefinitions",
            "apiextensions.k8s.io/CustomResourceDefinition/prometheuses.monitoring.coreos.com.json",
            "core/Secret/monitoring/login.json"
        ),
    ]) func `a type that cannot be listed costs only itself`(
        _ denied: String, _ damaged: String, kept: String
    ) async throws {
        let site = try await ClusterSite()
        site.standIn.with { $0.denied = [denied] }
        let captured = try await site.capture()
        #expect(captured.damage.map(\.path) == [damaged])
        #expect(captured.damage.first?.reason.contains("forbidden") == true, "\(captured.damage)")
        #expect(try captured.paths.contains(kept))
        #expect(try !captured.paths.contains { $0.hasPrefix(damaged) })
    }

    @Test func `an aggregated API whose server is down costs only its own types`() async throws {
        let site = try await ClusterSite()
        site.standIn.server.fail { request in
            guard request.path.hasPrefix("/apis/policy") else { return nil }
            return .json(
                503,
                [
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable",
                    "message": "the server is currently unable to handle the request", "code": 503,
                ])
        }
        let captured = try await site.capture()
        #expect(captured.damage.map(\.path) == ["policy"])
        #expect(captured.damage.first?.reason.contains("currently unable") == true, "\(captured.damage)")
        #expect(try captured.paths.contains("apps/Deployment/monitoring/grafana.json"))
    }

    @Test func `an API server that is away for a moment is waited for`() async throws {
        let site = try await ClusterSite()
        let requests = Mutex(0)
        site.standIn.server.fail { request in
            let count = requests.withLock { count in
                count += 1
                return count
            }
            return (5...7).contains(count) ? .json(429, ["kind": "Status", "reason": "TooManyRequests"]) : nil
        }
        let captured = try await site.capture()
        #expect(captured.damage == [])
        #expect(requests.withLock { $0 } > 7)
    }

    @Test func `a namespace that does not exist fails the component`() async throws {
        var site = try await ClusterSite(isEmpty: true)
        site.settings.namespace = "nowhere"
        let error = await #expect(throws: ComponentError.self) { try await site.capture() }
        #expect(error?.reason == .misconfigured)
    }

    @Test func `more objects than fit into a page are all captured`() async throws {
        let site = try await ClusterSite()
        for index in 0..<120 {
            try site.set(
                """
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c\(index)","namespace":"monitoring"},"data":{}}
                """)
        }
        let paths = try await site.capture().paths
        #expect(paths.filter { $0.hasPrefix("core/ConfigMap/monitoring/c") }.count == 120)
    }

    @Test(arguments: [
        (false, "Secrets", Diagnosis.Verdict.warning, true), (true, "access", .ok, true),
        (true, "access", .failed, false),
        (true, "namespace 'monitoring'", .ok, true),
    ]) func `the diagnosis names the access that is missing`(
        _ isEncrypted: Bool, _ subject: String, verdict: Diagnosis.Verdict, isAllowed: Bool
    ) async throws {
        let site = try await ClusterSite()
        if !isAllowed { site.standIn.with { $0.denied = ["list ingresses"] } }
        let findings = await site.source(isEncrypted: isEncrypted).diagnose()
        let finding = try #require(findings.first { $0.subject == subject }, "\(findings)")
        #expect(finding.verdict == verdict, "\(finding)")
        if !isAllowed { #expect(finding.detail.contains("ingresses.networking.k8s.io"), "\(finding)") }
    }

    // MARK: Gaps

    @Test func `the gaps are claims without a component, pods of their own, operators and access`() async throws {
        let site = try await ClusterSite()
        try site.addControlled()
        try site.set(
            """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"debug","namespace":"monitoring"},"spec":{"containers":[{"name":
            "m","image":"i"}]},"status":{"phase":"Running"}}
            """)
        site.standIn.with { $0.denied = ["list networkpolicies"] }
        let gaps = NamespaceGaps(
            api: site.api(), settings: site.settings, selection: site.source().selection, pool: ClusterSite.pool)
        let open = try await gaps.gaps(GapSurroundings()).map(\.object).joined(separator: "\n")
        #expect(open.contains("the data of the claims files"), "\(open)")
        #expect(open.contains("the pods debug "), "\(open)")
        #expect(open.contains("operators make from Prometheus 'k8s' (monitoring.coreos.com)"), "\(open)")
        #expect(open.contains("networkpolicies.networking.k8s.io"), "\(open)")
        let covered = try await gaps.gaps(
            GapSurroundings(claims: [BackedUpClaims(namespace: "monitoring", claim: "files", workload: nil)]))
        #expect(!covered.contains { $0.object.contains("files") })
    }

    @Test func `a claim that the template of a backed-up workload names is covered`() async throws {
        let site = try await ClusterSite()
        try site.set(
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"pages","namespace":"monitoring"},"spec":
            {"replicas":0,"selector":{"matchLabels":{"app":"pages"}},"template":{"metadata":{"labels":{"app":"pages"}},"spec":
            {"containers":[{"name":"m","image":"i"}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"files"}}]}}}}
            """)
        let gaps = NamespaceGaps(
            api: site.api(), settings: site.settings, selection: site.source().selection, pool: ClusterSite.pool)
        for (workload, isCovered) in [("pages", true), ("other", false)] {
            let found = try await gaps.gaps(
                GapSurroundings(claims: [BackedUpClaims(namespace: nil, claim: nil, workload: workload)]))
            #expect(found.contains { $0.object.contains("the claims files") } == !isCovered, "\(workload): \(found)")
        }
    }
}
