import Documents
import Foundation
import Lab
import Testing

/// The preflight and the resumption of plans on a cluster, with the program and the real kubectl.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesPreflightTests {
    /// A stack with one component of files, and a plan that stops and starts a StatefulSet.
    private struct Site {
        let standIn: KubernetesStandIn
        let journey: Journey
        let environment: [String: String]

        init() async throws {
            standIn = try await KubernetesStandIn()
            journey = try await Journey(components: "dashboards: {kind: files, data: data}")
            try journey.write("a.json", "{}")
            let kubeconfig = journey.folder.url.appending(path: "kubeconfig")
            try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
            let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            environment = [
                "PATH": "\(kubectl):\(path)", "HOME": journey.folder.path, "KUBECONFIG": kubeconfig.path,
                "NO_PROXY": "127.0.0.1",
            ]
            let plans = journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
            try Data(Self.plan.utf8).write(to: plans.appending(path: "swap.yaml"))
            let manifest = """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: metrics, namespace: default}
                spec:
                  replicas: 3
                  selector: {matchLabels: {app: metrics}}
                  template:
                    metadata: {labels: {app: metrics}}
                    spec: {containers: [{name: main, image: "m:1"}]}
                """
            for object in JSONValue.documents(ofYAML: manifest) ?? [] { standIn.with { $0.set(object) } }
            try await journey.expect(0, "backup")
        }

        /// The program of the step kills dr at its first run.
        private static let plan = """
            scenario: swap
            objectives: {rto: 1h}
            parameters: {context: lab, crash: "true"}
            steps:
              - id: declare
                notify: {event: disaster_declared}
                timeout: 1m
              - id: swap
                needs: [declare]
                run: {shell: "test $DR_PARAM_CRASH = false || test -e crashed || { touch crashed; kill -9 $PPID; }"}
                stop: [{kubectl: {scale: statefulset/metrics, replicas: 0, namespace: default, context: "${context}"}}]
                start: [{kubectl: {scale: statefulset/metrics, replicas: previous, namespace: default, context: "${context}"}}]
                timeout: 2m

            """

        func run(_ arguments: String...) async throws -> CommandRun {
            try await CommandRun.run(Journey.program, arguments, in: journey.folder.url, environment: environment)
        }

        var set: JSONValue? { standIn.with { $0.object("StatefulSet", "metrics", in: "default") } }
    }

    @Test func `a run without permission declares nothing`() async throws {
        let site = try await Site()
        site.standIn.with { $0.denied = ["patch statefulsets/scale", "list pods"] }
        let run = try await site.run("restore", "--scenario", "swap", "--yes", "--param", "crash=false")
        #expect(run.status == 1)
        #expect(
            run.errors.contains("the user may not patch statefulsets.apps/scale in namespace 'default' (step swap)"))
        #expect(run.errors.contains("the user may not list pods in namespace 'default' (step swap)"))
        #expect(!run.errors.contains("declare: started"), "\(run.errors)")
        let look = try await site.run("restore", "--scenario", "swap", "--dry-run", "--json")
        #expect(look.status == 1)
        let findings = try JSONValue(parsing: look.output)["preflight"]?.array
        #expect(findings?.count == 2 && findings?.first?["steps"] == ["swap"])
        let validated = try await site.run("plan", "validate", "swap", "--cluster")
        #expect(validated.status == 1 && validated.output.contains("swap: INVALID"), "\(validated.output)")
        let doctor = try await site.run("doctor")
        #expect(doctor.output.contains("the user may not list pods"), "\(doctor.output)")
        #expect(site.set?["spec"]?["replicas"] == 3)
    }

    @Test func `a cluster that does not answer is found by a dry run`() async throws {
        let site = try await Site()
        let away = ["--param", "context=elsewhere"]
        let look = try await site.run("restore", "--scenario", "swap", "--dry-run", away[0], away[1])
        #expect(look.status == 1 && look.output.contains("cluster 'elsewhere': it cannot be used"), "\(look.output)")
        let fine = try await site.run("plan", "validate", "swap", "--cluster")
        #expect(fine.status == 0, "\(fine.output)\(fine.errors)")
    }

    @Test func `a run that was killed restores the number of replicas when it is resumed`() async throws {
        let site = try await Site()
        let crashed = try await site.run("restore", "--scenario", "swap", "--yes")
        #expect(crashed.status != 0)
        #expect(site.set?["spec"]?["replicas"] == 0)
        #expect(site.set?["metadata"]?["annotations"]?["dr/replicas"] == "3")
        let resumed = try await site.run("restore", "--scenario", "swap", "--yes", "--resume")
        #expect(resumed.status == 0, "\(resumed.output)\(resumed.errors)")
        #expect(site.set?["spec"]?["replicas"] == 3)
        #expect(site.set?["metadata"]?["annotations"]?["dr/replicas"] == nil)
    }
}
