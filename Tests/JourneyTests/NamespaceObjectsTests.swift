import Components
import Documents
import Foundation
import Lab
import Testing

/// The built program and the real kubectl: the objects of a namespace are backed up, lost and restored.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct NamespaceObjectsTests {
    private struct Answer: Decodable {
        struct Object: Decodable {
            var kind: String
            var name: String
            var outcome: String
            var detail: String?
        }
        var objects: [Object]
        var counts: [String: Int]
    }

    private struct Gaps: Decodable {
        struct Row: Decodable { var component: String, object: String }
        var gaps: [Row]
    }

    private struct Made: Decodable { var name: String }

    /// A cluster with a small stack, and a journey that backs up its namespace into an encrypted store.
    private struct Site {
        let standIn: KubernetesStandIn
        let journey: Journey

        init(components: String = "objects: {kind: kubernetes, context: lab, namespace: monitoring}") async throws {
            standIn = try await KubernetesStandIn()
            let folder = try TemporaryFolder("kubeconfig")
            let kubeconfig = folder.url.appending(path: "config")
            try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
            let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            journey = try await Journey(
                components: components,
                environment: [
                    "PATH": "\(kubectl):\(path)", "HOME": folder.path, "KUBECONFIG": kubeconfig.path,
                    "NO_PROXY": "127.0.0.1",
                ], initialize: false)
            journey.keep(folder)
            try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
            let file = journey.folder.url.appending(path: "dr.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
                .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
            try Data(text.utf8).write(to: file)
            for object in try Self.stack.map({ try JSONValue(parsing: $0) }) { standIn.with { $0.set(object) } }
        }

        func present(_ kind: String, _ name: String) -> JSONValue? {
            standIn.with { $0.object(kind, name, in: "monitoring") }
        }

        func kubectl(_ arguments: String...) async throws {
            let run = try await CommandRun.run(
                try LabTool.path("kubectl"), ["--context=lab"] + arguments, environment: journey.environment)
            try #require(run.status == 0, "kubectl \(arguments): \(run.errors)")
        }

        private static let stack = [
            "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"monitoring\"}}",
            """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rules","namespace":"monitoring"},"data":{"a":"1"}}
            """,
            """
            {"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"login","namespace":"monitoring"},"data":
            {"password":"dmVyeS1zZWNyZXQ="}}
            """,
            """
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"files","namespace":"monitoring"},"spec":
            {"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """,
            """
            {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"loki","namespace":"monitoring"},"spec":
            {"replicas":2,"serviceName":"loki","selector":{"matchLabels":{"app":"loki"}},"template":{"metadata":{"labels":
            {"app":"loki"}},"spec":{"containers":[{"name":"main","image":"loki:3"}]}}}}
            """,
        ]
    }

    @Test func `a deleted namespace is restored, and a second restore changes nothing`() async throws {
        let site = try await Site()
        let journey = site.journey
        try await journey.expect(0, "doctor")
        let made = try await journey.json(Made.self, "backup")
        let next = try await journey.json(Made.self, "backup")
        let diff = try await journey.expect(0, "diff", made.name, next.name).output
        #expect(!diff.contains(".json"), "\(diff)")
        try await journey.expect(0, "verify", "--read-data", "--recovery-key", "recovery.pem")
        try await journey.expect(0, "check", "--at", "latest")
        #expect(
            try await CommandRun.run("/bin/grep", ["-rl", "dmVyeS1zZWNyZXQ", journey.repository.path]).output == "")

        let gaps = try await journey.json(Gaps.self, "gap")
        #expect(gaps.gaps.contains { $0.component == "objects" && $0.object.contains("the claims files") }, "\(gaps)")

        try await site.kubectl("delete", "namespace", "monitoring")
        let lost = try await journey.json(CheckReport.self, "check", "--at", "latest")
        #expect(lost.results.contains { $0.name == "kubernetes_objects" && $0.verdict == .failed }, "\(lost)")

        let restore = ["restore", "--component", "objects", "--recovery-key", "recovery.pem", "--json"]
        func run(_ more: [String] = []) async throws -> Answer {
            let run = try await journey.dr(restore + more)
            #expect(run.status == 0, "\(run.output)\n\(run.errors)")
            return try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8))
        }
        let preview = try await run(["--dry-run"])
        #expect(preview.counts["create"] == preview.objects.count && site.present("ConfigMap", "rules") == nil)
        let held = try await run(["--hold"])
        #expect(held.counts["create"] == preview.counts["create"], "\(held)")
        #expect(site.present("StatefulSet", "loki")?["spec"]?["replicas"] == 0)
        #expect(site.present("Pod", "loki-0") == nil)
        #expect(try await run().counts["update"] == 1)
        #expect(site.present("StatefulSet", "loki")?["spec"]?["replicas"] == 2)
        #expect(site.present("Secret", "login")?["data"]?["password"] == "dmVyeS1zZWNyZXQ=")
        let second = try await run()
        #expect(second.counts["same"] == second.objects.count, "\(second)")
        try await journey.expect(0, "check", "--at", "latest")
        #expect(site.standIn.server.violations == [])
    }

    /// The step `hold` of a plan leaves the workload stopped; `previous` finds its number again.
    @Test func `a plan restores held workloads and starts them`() async throws {
        let site = try await Site()
        let journey = site.journey
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(
            """
            scenario: namespace
            steps:
              - {id: objects, restore: {component: objects, hold: true}, timeout: 5m}
              - id: stopped
                needs: [objects]
                kubectl: {wait: statefulset/loki, for: "jsonpath={.spec.replicas}=0", namespace: monitoring, context: lab}
              - id: start
                needs: [stopped]
                kubectl: {scale: statefulset/loki, replicas: previous, namespace: monitoring, context: lab}
            checks: [kubernetes_objects]

            """.utf8
        ).write(to: plans.appending(path: "namespace.yaml"))
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data((text + "plans: plans\nobjectives: {rpo: 1h}\n").utf8).write(to: file)
        try await journey.expect(0, "backup")
        try await site.kubectl("delete", "namespace", "monitoring")
        try await journey.expect(
            0, "restore", "--scenario", "namespace", "--yes", "--recovery-key", "recovery.pem")
        #expect(site.present("StatefulSet", "loki")?["spec"]?["replicas"] == 2)
        #expect(site.present("ConfigMap", "rules") != nil)
    }
}
