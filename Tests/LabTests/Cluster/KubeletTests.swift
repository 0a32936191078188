import Documents
import Foundation
import Glibc
import HTTP
import Lab
import Testing

/// Pods of the laboratory cluster, with the real kubectl.
@Suite(.enabled(if: LaboratoryCluster.isPossible)) struct KubeletTests {
    /// A pod with a claim at `/data`.
    private static func pod(
        _ name: String, _ script: String, claim: String = "data", node: String? = nil, pod: String = "",
        container: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: default}
        spec:
          \(node.map { "nodeName: \($0)" } ?? "restartPolicy: Always")
          \(pod)
          containers:
          - name: main
            image: \(LaboratoryCluster.plainImage)
            command: [/bin/sh, -c, "\(script)"]
            volumeMounts: [{name: data, mountPath: /data}]
            \(container)
          volumes: [{name: data, persistentVolumeClaim: {claimName: \(claim)}}]
        """
    }

    private static func claim(_ name: String = "data", modes: String = "ReadWriteOnce") -> String {
        """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: \(name), namespace: default}
        spec:
          accessModes: [\(modes)]
          storageClassName: immediate
          resources: {requests: {storage: 1Gi}}
        ---

        """
    }

    /// A script that ends at once at SIGTERM.
    private static let waiting = "trap 'exit 0' TERM; while :; do sleep 0.05; done"

    @Test func `a pod writes to its claim as its user`() async throws {
        try await LaboratoryCluster.run { cluster in
            let identity = "securityContext: {runAsUser: 1234, runAsGroup: 1235, fsGroup: 4321}"
            try await cluster.apply(
                Self.claim() + Self.pod("writer", "id -u > /data/user; \(Self.waiting)", pod: identity))
            try await cluster.waitUntilReady("writer")
            let output = try await cluster.require(
                ["exec", "writer", "--", "sh", "-c", "stat -c '%u %g %a %n' /data /data/user; id -G; cat /data/user"])
            #expect(output == "0 4321 2775 /data\n1234 4321 644 /data/user\n1235 4321\n1234\n")
        }
    }

    /// kubectl uses SPDY where the environment forbids it WebSockets, and towards a server that refuses them.
    @Test(arguments: ["true", "false"])
    func `exec carries 32 MiB in both directions`(overWebSocket: String) async throws {
        let protocols = ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS": overWebSocket]
        try await LaboratoryCluster.run { cluster in
            try await cluster.apply(Self.claim() + Self.pod("mover", Self.waiting))
            try await cluster.waitUntilReady("mover")
            let sent = cluster.folder.url.appending(path: "sent"), got = cluster.folder.url.appending(path: "got")
            var bytes = Data(count: 32 << 20)
            bytes.withUnsafeMutableBytes { space in
                for index in 0..<(space.count / 8) {
                    let word = UInt64(index) &* 0x9e37_79b9_7f4a_7c15
                    space.storeBytes(of: word ^ (word >> 29), toByteOffset: index * 8, as: UInt64.self)
                }
            }
            try bytes.write(to: sent)
            let script = "cat > /data/file && sha256sum < /data/file"
            let there = try await cluster.require(
                ["exec", "-i", "mover", "--", "sh", "-c", script], input: sent, environment: protocols)
            let local = try await CommandRun.run("/bin/sh", ["-c", "sha256sum < '\(sent.path)'"])
            #expect(there == local.output)
            try await cluster.require(
                ["exec", "mover", "--", "cat", "/data/file"], output: got, environment: protocols)
            #expect(try Data(contentsOf: got) == bytes)
            // Both at once.
            try await cluster.require(
                ["exec", "-i", "mover", "--", "cat"], input: sent, output: got, environment: protocols)
            #expect(try Data(contentsOf: got) == bytes)
            #expect(try await cluster.kubectl(["exec", "mover", "--", "sh", "-c", "exit 42"]).status == 42)
        }
    }

    @Test(arguments: [
        (ExecFault.endsEarly(after: 1000), 0, 1000), (.drops(after: 1000), 1, 1000), (.exitStatus(3), 3, 4096),
        (.exitStatus(0), 0, 4096), (.losesLast(96), 0, 4000),
    ])
    func `an exec fault reaches kubectl`(fault: ExecFault, status: Int, count: Int) async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(Self.claim() + Self.pod("mover", Self.waiting))
            try await cluster.waitUntilReady("mover")
            cluster.kubelet.failExec { $0.command.first == "head" ? fault : nil }
            let output = cluster.folder.url.appending(path: "output")
            let run = try await cluster.kubectl(
                ["exec", "mover", "--", "head", "-c", "4096", "/dev/zero"], output: output)
            #expect(Int(run.status) == status, "\(run.errors)")
            #expect(try Data(contentsOf: output).count == count)
        }
    }

    @Test func `a command continues when its connection is cut`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(Self.claim() + Self.pod("mover", Self.waiting))
            try await cluster.waitUntilReady("mover")
            cluster.kubelet.failExec { $0.hasInput ? .dropsInput(after: 1000) : nil }
            let input = cluster.folder.url.appending(path: "input")
            try Data(count: 1000).write(to: input)
            let script = "cat > /data/input; echo ended > /data/end"
            let run = try await cluster.kubectl(["exec", "-i", "mover", "--", "sh", "-c", script], input: input)
            #expect(run.status == 1)
            try await Patience.wait(until: "the command ends") {
                try await cluster.kubectl(["exec", "mover", "--", "cat", "/data/end"]).output == "ended\n"
            }
            #expect(try await cluster.require(["exec", "mover", "--", "stat", "-c", "%s", "/data/input"]) == "1000\n")
        }
    }

    @Test func `a container gets its variables, files and read-only mounts`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                Self.claim() + """
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: settings, namespace: default}
                    data: {mode: fast, file: "text\\n"}
                    ---
                    apiVersion: v1
                    kind: Secret
                    metadata: {name: keys, namespace: default}
                    stringData: {KEY: secret}
                    ---
                    apiVersion: v1
                    kind: Service
                    metadata: {name: web, namespace: default}
                    spec: {ports: [{port: 80}], selector: {app: web}}
                    ---
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: app, namespace: default, labels: {tier: one}}
                    spec:
                      securityContext: {runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true, fsGroup: 1000}
                      initContainers:
                      - name: first
                        image: \(LaboratoryCluster.plainImage)
                        command: [sh, -c, "echo from-init > /all/part/file"]
                        volumeMounts: [{name: data, mountPath: /all/part, subPath: part}]
                      containers:
                      - name: main
                        image: \(LaboratoryCluster.plainImage)
                        command: [/bin/sh, -c]
                        args: ["\(Self.waiting)"]
                        envFrom: [{secretRef: {name: keys}}]
                        env:
                        - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
                        - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
                        - {name: BOTH, value: $(MODE)-$(KEY)}
                        securityContext:
                          readOnlyRootFilesystem: true
                          allowPrivilegeEscalation: false
                          capabilities: {drop: [ALL]}
                        volumeMounts:
                        - {name: data, mountPath: /part, subPath: part, readOnly: true}
                        - {name: data, mountPath: /data}
                        - {name: settings, mountPath: /etc/settings}
                        - {name: scratch, mountPath: /tmp}
                      volumes:
                      - {name: data, persistentVolumeClaim: {claimName: data}}
                      - {name: settings, configMap: {name: settings}}
                      - {name: scratch, emptyDir: {}}
                    """)
            try await cluster.waitUntilReady("app")
            func run(_ script: String) async throws -> CommandRun {
                try await cluster.kubectl(["exec", "app", "--", "sh", "-c", script])
            }
            #expect(try await run("echo $MODE $TIER $BOTH $KEY").output == "fast one fast-secret secret\n")
            #expect(try await run("cat /part/file /etc/settings/file").output == "from-init\ntext\n")
            for file in ["/part/new", "/etc/settings/new", "/new", "/usr/new", "/etc/new"] {
                #expect(try await run("echo x > \(file)").status != 0, "\(file)")
            }
            #expect(try await run("echo x > /data/new && echo x > /tmp/new").status == 0)
            #expect(try await run("grep -c NoNewPrivs:.1 /proc/self/status").output == "1\n")
            #expect(try await run("getent hosts web.default.svc").output.hasPrefix("127.0.0.1"))
        }
    }

    @Test(arguments: ["true", "false"])
    func `port-forward reaches an HTTP server in a pod`(overWebSocket: String) async throws {
        try #require(LabTool.isInstalled("prometheus"))
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            let ports = try FreePort.find(2)
            let script =
                "exec prometheus --config.file=/dev/null --storage.tsdb.path=/data "
                + "--web.listen-address=127.0.0.1:\(ports[0])"
            let probe = "readinessProbe: {httpGet: {path: /-/ready, port: \(ports[0])}}"
            try await cluster.apply(
                Self.claim()
                    + Self.pod(
                        "server", script, pod: "securityContext: {runAsUser: 65534, fsGroup: 65534}", container: probe))
            try await cluster.waitUntilReady("server")
            let forward = try await ServerProcess(
                "port-forward", executable: try LabTool.path("kubectl"),
                arguments: [
                    "--kubeconfig", cluster.kubeconfig, "--context", "lab", "port-forward", "pod/server",
                    "\(ports[1]):\(ports[0])",
                ], folder: cluster.folder.url, environment: ["KUBECTL_PORT_FORWARD_WEBSOCKETS": overWebSocket])
            let client = HTTPClient()
            let url = "http://127.0.0.1:\(ports[1])"
            try await forward.waitUntil { (try? client.send(HTTPRequest("GET", "\(url)/-/ready")))?.0.status == 200 }
            for _ in 0..<3 {
                let (response, body) = try HTTPClient().send(HTTPRequest("GET", "\(url)/metrics"))
                #expect(response.status == 200 && body.count > 10_000)
            }
            forward.end()
        }
    }

    @Test func `a claim of one node is refused on another`() async throws {
        try await LaboratoryCluster.run { cluster in
            try await cluster.apply(Self.claim() + Self.pod("first", Self.waiting, node: "node-1"))
            try await cluster.waitUntilReady("first")
            try await cluster.apply(Self.pod("second", Self.waiting, node: "node-2"))
            try await Patience.wait(until: "the second pod is refused") {
                try await cluster.events().contains {
                    $0.hasPrefix("FailedAttachVolume: Multi-Attach error for volume")
                }
            }
            let second = try await cluster.object(["pod", "second"])
            let state = second["status"]?["containerStatuses"]?.array?.first?["state"]
            #expect(state?["waiting"]?["reason"] == "ContainerCreating")
            try await cluster.require(["delete", "pod", "first"])
            try await cluster.waitUntilReady("second")
        }
    }

    @Test func `a lost node takes its processes and not its claims`() async throws {
        try await LaboratoryCluster.run { cluster in
            let script = "echo started >> /data/log; \(Self.waiting)"
            try await cluster.apply(Self.claim() + Self.pod("app", script, node: "node-1"))
            try await cluster.waitUntilReady("app")
            try await cluster.kubelet.lose("node-1")
            let node = try await cluster.object(["node", "node-1"])
            let ready = node["status"]?["conditions"]?.array?.first { $0["type"] == "Ready" }
            #expect(ready?["status"] == "Unknown")
            #expect(try await cluster.kubectl(["exec", "app", "--", "true"]).status != 0)
            // The volume stays attached to the lost node.
            try await cluster.apply(Self.pod("other", "cat /data/log; \(Self.waiting)", node: "node-2"))
            try await Patience.wait(until: "the other pod is refused") {
                try await cluster.events().contains { $0.contains("Multi-Attach") }
            }
            try await cluster.require(["delete", "pod", "app", "--force", "--grace-period=0"])
            try await cluster.waitUntilReady("other")
            #expect(try await cluster.require(["logs", "other"]) == "started\n")
        }
    }

    @Test func `a recovered node starts its pods again`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                Self.claim() + Self.pod("app", "echo started >> /data/log; \(Self.waiting)", node: "node-1"))
            try await cluster.waitUntilReady("app")
            try await cluster.kubelet.lose("node-1")
            try await cluster.kubelet.recover("node-1")
            try await cluster.wait(until: "it runs again", "app") { pod in
                let status = pod["status"]?["containerStatuses"]?.array?.first
                return status?["restartCount"]?.integer == 1 && status?["ready"]?.bool == true
            }
            #expect(try await cluster.require(["exec", "app", "--", "cat", "/data/log"]) == "started\nstarted\n")
        }
    }

    @Test func `a deleted pod runs its hook, gets SIGTERM, and is removed`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            let hook = "lifecycle: {preStop: {exec: {command: [/bin/sh, -c, 'echo hook >> /data/log']}}}"
            let script = "trap 'echo term >> /data/log; exit 0' TERM; while :; do sleep 0.05; done"
            try await cluster.apply(Self.claim() + Self.pod("app", script, container: hook))
            try await cluster.waitUntilReady("app")
            try await cluster.require(["delete", "pod", "app"])
            #expect(try await cluster.kubectl(["get", "pod", "app"]).status != 0)
            try await cluster.apply(Self.pod("reader", "cat /data/log; \(Self.waiting)"))
            try await cluster.waitUntilReady("reader")
            #expect(try await cluster.require(["logs", "reader"]) == "hook\nterm\n")
        }
    }

    @Test func `a container that ignores SIGTERM is killed after its grace period`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                Self.claim() + Self.pod("app", "sleep 600", pod: "terminationGracePeriodSeconds: 1"))
            try await cluster.waitUntilReady("app")
            let started = ContinuousClock.now
            try await cluster.require(["delete", "pod", "app"])
            #expect(ContinuousClock.now - started >= .seconds(1))
        }
    }

    @Test func `a full claim fails writes`() async throws {
        let options = KubeletOptions(tinyClaims: ["default/data": 64])
        try await LaboratoryCluster.run(nodes: ["node-1"], options: options) { cluster in
            try await cluster.apply(Self.claim() + Self.pod("app", Self.waiting))
            try await cluster.waitUntilReady("app")
            let run = try await cluster.kubectl(
                ["exec", "app", "--", "dd", "if=/dev/zero", "of=/data/big", "bs=1024", "count=128"])
            #expect(run.status == 1)
            #expect(run.errors.contains("No space left on device"))
        }
    }

    @Test func `a container restarts after a failure, and its status says why`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                Self.claim() + Self.pod("app", "echo reason > /dev/termination-log; exit 9"))
            try await cluster.wait(until: "it restarted", "app") { pod in
                (pod["status"]?["containerStatuses"]?.array?.first?["restartCount"]?.integer ?? 0) > 1
            }
            let pod = try await cluster.object(["pod", "app"])
            let last = pod["status"]?["containerStatuses"]?.array?.first?["lastState"]?["terminated"]
            #expect(last?["exitCode"]?.integer == 9)
            #expect(last?["message"] == "reason\n")
        }
    }

    @Test func `a missing Secret and an unknown image are reported`() async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: unmounted, namespace: default}
                spec:
                  containers:
                  - {name: main, image: \(LaboratoryCluster.plainImage), command: [sleep, "1"]}
                  volumes: [{name: keys, secret: {secretName: absent}}]
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: unpulled, namespace: default}
                spec:
                  containers: [{name: main, image: "nowhere:1", command: [sleep, "1"]}]
                """)
            let text = "FailedMount: MountVolume.SetUp failed for volume \"keys\" : secret \"absent\" not found"
            try await Patience.wait(until: "the events") {
                let events = try await cluster.events()
                return events.contains(text) && events.contains { $0.hasPrefix("Failed: Failed to pull image") }
            }
            try await cluster.wait(until: "back-off", "unpulled") { pod in
                let state = pod["status"]?["containerStatuses"]?.array?.first?["state"]
                return state?["waiting"]?["reason"] == "ImagePullBackOff"
            }
        }
    }

    @Test func `a stopped cluster leaves no process and no mount`() async throws {
        var place = ""
        try await LaboratoryCluster.run(options: KubeletOptions(tinyClaims: ["default/data": 64])) { cluster in
            place = cluster.folder.path
            try await cluster.apply(Self.claim() + Self.pod("app", Self.waiting))
            try await cluster.waitUntilReady("app")
            #expect(Self.processes(mentioning: place) > 0)
        }
        #expect(!place.isEmpty)
        #expect(Self.processes(mentioning: place) == 0)
        #expect(try !String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).contains(place))
        #expect(!FileManager.default.fileExists(atPath: place))
    }

    /// The number of processes with a mount of a folder or its path in their arguments.
    private static func processes(mentioning place: String) -> Int {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return ids.filter { id in
            guard let number = pid_t(id), number != getpid() else { return false }
            return ["cmdline", "mountinfo"].contains { file in
                FileManager.default.contents(atPath: "/proc/\(id)/\(file)")?.range(of: Data(place.utf8)) != nil
            }
        }.count
    }
}
