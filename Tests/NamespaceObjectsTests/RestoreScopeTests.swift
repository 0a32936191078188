import BackupRepository
import Components
import Documents
import Foundation
import Lab
import Platform
import Testing

@testable import NamespaceObjects

/// A restore writes only objects that a capture with the present settings would include.
@Suite(.enabled(if: ClusterSite.isInstalled)) struct RestoreScopeTests {
    @Test(arguments: [nil, "drill-"]) func `a namespace that the settings do not name is not touched`(
        _ prefix: String?
    ) async throws {
        var site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.kubectl(
            "--namespace=monitoring", "patch", "configmap", "rules", "--type=merge",
            "--patch={\"data\":{\"rules.yml\":\"changed\"}}")
        site.settings.namespace = "staging"
        let objects = try await site.restore(captured, replaces: true, prefix: prefix)
        #expect(objects.outcome("ConfigMap", "rules") == .failed)
        #expect(
            objects.detail("ConfigMap", "rules")
                == "the component's settings do not name the namespace 'monitoring'")
        #expect(
            objects.filter { [.create, .update].contains($0.outcome) && $0.kind != "CustomResourceDefinition" } == [])
        #expect(site.present("ConfigMap", "rules")?["data"]?["rules.yml"] == "changed")
        #expect(site.present("Namespace", "drill-monitoring", in: "") == nil)
    }

    /// Documents that no capture of the settings writes.
    struct Hostile: CustomTestStringConvertible {
        let testDescription: String
        let document: String
        let reason: String
        let kind: String

        init(_ name: String, _ kind: String, document: String, reason: String) {
            (testDescription, self.kind, self.document, self.reason) = (name, kind, document, reason)
        }
    }

    static let access = "\"apiVersion\":\"rbac.authorization.k8s.io/v1\""
    static let role =
        "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"cluster-admin\"}"

    static let hostile = [
        Hostile(
            "an account of another namespace", "ClusterRoleBinding",
            document: """
                {\(access),"kind":"ClusterRoleBinding","metadata":{"name":"evil"},\(role),"subjects":[{"kind":"ServiceAccount",
                "name":"prometheus","namespace":"monitoring"},{"kind":"ServiceAccount","name":"x","namespace":"kube-system"}]}
                """,
            reason: "gives rights to ServiceAccount 'x', namespace 'kube-system'"),
        Hostile(
            "a user", "ClusterRoleBinding",
            document: """
                {\(access),"kind":"ClusterRoleBinding","metadata":{"name":"evil"},\(role),"subjects":[{"kind":"User",
                "name":"mallory"}]}
                """,
            reason: "gives rights to User 'mallory'"),
        Hostile(
            "a binding that claims to be in the namespace", "ClusterRoleBinding",
            document: """
                {\(access),"kind":"ClusterRoleBinding","metadata":{"name":"evil","namespace":"monitoring"},\(role),
                "subjects":[{"kind":"User","name":"mallory"}]}
                """,
            reason: "belong to the whole cluster"),
        Hostile(
            "a role that no binding gives", "ClusterRole",
            document: """
                {\(access),"kind":"ClusterRole","metadata":{"name":"evil"},"rules":[]}
                """,
            reason: "no binding of the backup"),
        Hostile(
            "another namespace", "Namespace",
            document: """
                {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"evil"}}
                """,
            reason: "do not name the namespace 'evil'"),
        Hostile(
            "a volume", "PersistentVolume",
            document: """
                {"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"evil"},"spec":{}}
                """,
            reason: "does not include its type"),
    ]

    @Test(arguments: hostile, [false, true]) func `a set cannot write outside of the namespaces`(
        _ example: Hostile, isDryRun: Bool
    ) async throws {
        let site = try await ClusterSite()
        let captured = try await site.capture()
        try Data(example.document.utf8).write(to: captured.tree.appending(path: "evil.json"))
        let objects = try await site.restore(captured, replaces: true, isDryRun: isDryRun)
        #expect(objects.outcome(example.kind, "evil") == .failed, "\(objects)")
        #expect(objects.detail(example.kind, "evil")?.contains(example.reason) == true, "\(objects)")
        #expect(site.present(example.kind, "evil", in: "") == nil)
        #expect(objects.outcome("ClusterRoleBinding", "scraper") == .same)
    }

    @Test func `settings without cluster objects restore none`() async throws {
        var site = try await ClusterSite()
        let captured = try await site.capture()
        try await site.lose()
        site.settings.clusterObjects = .never
        let objects = try await site.restore(captured)
        for (kind, name) in [("ClusterRole", "scraper"), ("ClusterRoleBinding", "scraper")] {
            #expect(objects.outcome(kind, name) == .failed)
            #expect(objects.detail(kind, name)?.contains("cluster_objects: never") == true)
            #expect(site.present(kind, name, in: "") == nil)
        }
        #expect(objects.outcome("Deployment", "grafana") == .create)
    }

    // MARK: The section of the stack

    @Test func `the component takes context and namespace from the section of the stack`() async throws {
        let site = try await ClusterSite()
        var context = site.context
        (context.cluster, context.clusterNamespace) = ("lab", "monitoring")
        let settings = NamespaceObjectsComponent().completed(by: context)
        #expect(settings.namespaces == ["monitoring"])
        let findings = await settings.source(context).diagnose()
        #expect(findings.first?.detail.hasSuffix("context 'lab'") == true, "\(findings)")
        var own = NamespaceObjectsComponent()
        (own.context, own.others) = ("mine", ["logging"])
        #expect(own.completed(by: context) == own)
    }

    @Test func `a component without a namespace says so`() async throws {
        let site = try await ClusterSite()
        let findings = await NamespaceObjectsComponent().source(site.context).diagnose()
        #expect(findings.contains { $0.detail.contains("names a namespace") }, "\(findings)")
    }
}
