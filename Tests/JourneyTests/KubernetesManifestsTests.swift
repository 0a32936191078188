import Documents
import Foundation
import Lab
import Testing

/// `dr kubernetes manifests` as a user runs it, and the folder `deploy`.
@Suite struct KubernetesManifestsTests {
    /// True if a test may mount folders in a namespace of its own.
    static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["--user", "--map-root-user", "--mount", "true"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    private static func files(below folder: URL) throws -> [String: String] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
        var files: [String: String] = [:]
        for name in names {
            let url = folder.appending(path: name)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            files[name] = try String(contentsOf: url, encoding: .utf8)
        }
        return files
    }

    /// `DR_UPDATE_GOLDEN=1` writes the folder again.
    @Test(arguments: [("kustomize", "deploy/kustomize"), ("helm", "deploy/helm/dr")])
    func `the folder deploy holds what the command prints`(_ form: String, _ folder: String) async throws {
        let kept = Checkout.url(folder)
        let isUpdate = ProcessInfo.processInfo.environment["DR_UPDATE_GOLDEN"] == "1"
        let fresh = try TemporaryFolder("deploy")
        let target = isUpdate ? kept.path : fresh.path
        let run = try await CommandRun.run(
            Journey.program,
            [
                "kubernetes", "manifests", "--config", Checkout.url("deploy/dr.yaml").path, "--output", form,
                "--directory", target,
            ], in: fresh.url)
        #expect(run.status == 0 && run.errors == "", "\(run.errors)")
        #expect(try Self.files(below: kept) == Self.files(below: URL(filePath: target)))
    }

    @Test(.enabled(if: LabTool.isInstalled("helm"))) func `helm finds nothing wrong with the chart`() async throws {
        let run = try await CommandRun.run(
            try LabTool.path("helm"), ["lint", "--strict", Checkout.url("deploy/helm/dr").path])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test(.enabled(if: LabTool.isInstalled("kubectl")))
    func `the API server takes the kustomization, also in a dry run`()
        async throws
    {
        let contract = try APIContract(contentsOf: Checkout.url("fixtures/contracts/kubernetes.json"))
        let standIn = try await KubernetesStandIn(contract: contract)
        let folder = try TemporaryFolder("applied")
        let kubeconfig = folder.url.appending(path: "kubeconfig")
        try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
        let environment = ["KUBECONFIG": kubeconfig.path, "HOME": folder.path, "NO_PROXY": "127.0.0.1"]
        func kubectl(_ arguments: [String]) async throws -> CommandRun {
            try await CommandRun.run(
                try LabTool.path("kubectl"), ["--context=lab"] + arguments, in: folder.url, environment: environment)
        }
        for name in ["dr", "monitoring"] {
            let made = try await kubectl(["create", "namespace", name])
            #expect(made.status == 0, "\(made.errors)")
        }
        let apply = ["apply", "--server-side", "--kustomize=\(Checkout.url("deploy/kustomize").path)"]
        let dry = try await kubectl(apply + ["--dry-run=server"])
        #expect(dry.status == 0, "\(dry.errors)")
        let before = try await kubectl(["get", "cronjobs", "--namespace=dr", "--output=name"])
        #expect(before.output == "")
        let applied = try await kubectl(apply)
        #expect(applied.status == 0, "\(applied.errors)")
        #expect(applied.output.split(separator: "\n").count == dry.output.split(separator: "\n").count)
        let after = try await kubectl(["get", "cronjobs", "--namespace=dr", "--output=name"])
        #expect(after.output.split(separator: "\n").count == 5)
    }

    @Test func `written once, unchanged again, and the next commands are told`() async throws {
        let journey = try await Journey(
            components: "web: {kind: grafana, url: \"http://web.monitoring.svc:3000\", bearer_token: {env: WEB_TOKEN}}",
            initialize: false)
        let write = ["kubernetes", "manifests", "--directory", "cluster", "--namespace", "rescue"]
        let dry = try await journey.dr(write + ["--dry-run"])
        #expect(dry.status == 0 && dry.output.contains("created\tcluster/kustomization.yaml"), "\(dry.errors)")
        #expect(!FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "cluster").path))
        let first = try await journey.dr(write).output
        #expect(first.contains("next: kubectl apply --server-side -k cluster\n"))
        #expect(first.contains("kubectl create secret generic dr --namespace=rescue --from-env-file=FILE"))
        #expect(first.contains("FILE sets WEB_TOKEN"))
        let again = try await journey.dr(write).output
        #expect(!again.contains("created") && !again.contains("updated") && !again.contains("next:"))
        let stream = try await journey.dr(["kubernetes", "manifests", "--output", "yaml"]).output
        #expect(stream.contains("\nkind: CronJob\n") && !stream.contains("kind: Kustomization"))
    }

    @Test(arguments: [([], "kubernetes manifests"), (["--directory", "cluster"], "kubernetes manifests --directory")])
    func `JSON fits the published schema`(_ options: [String], _ name: String) async throws {
        let journey = try await Journey(initialize: false)
        let run = try await journey.dr(["kubernetes", "manifests", "--json"] + options)
        let objections = try await journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", name)
        #expect(run.status == 0 && objections == "", "\(run.errors)")
    }

    @Test(arguments: [
        ["--namespace", "Monitoring"], ["--workloads", "a.b"], ["--secret", "-x"], ["--sample", "0"], ["--dry-run"],
        ["--output", "jsonnet"], ["--prune-secret", "a b"],
    ]) func `wrong options are refused`(_ options: [String]) async throws {
        let journey = try await Journey(initialize: false)
        let run = try await journey.dr(["kubernetes", "manifests"] + options)
        #expect(run.status == 2, "\(run.output)")
    }

    @Test func `a secret in dr yaml does not get into a ConfigMap`() async throws {
        let journey = try await Journey(
            extra: "drill: {parameters: {api_token: hunter2hunter2}}", initialize: false)
        let run = try await journey.dr(["kubernetes", "manifests", "--output", "yaml"])
        #expect(
            run.status == 1 && run.errors.contains("contains secrets (drill.parameters.api_token)"), "\(run.errors)")
        #expect(!run.output.contains("hunter2") && !run.errors.contains("hunter2"))
    }

    @Test func `data of one machine, keys and missing document keys are reported`() async throws {
        let journey = try await Journey(
            store: "recipients: [certificates/one.pem], signing: {certificate: /etc/signer.pem, key: keys/signer.key}",
            initialize: false)
        let folder = journey.folder.url.appending(path: "certificates")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("public\n".utf8).write(to: folder.appending(path: "one.pem"))
        let run = try await journey.dr(["kubernetes", "manifests", "--output", "yaml", "--namespace", "monitoring"])
        #expect(run.status == 0 && run.output.contains("certificates__one.pem: |\n    public\n"), "\(run.errors)")
        #expect(run.output.contains("- {key: \"certificates__one.pem\", path: \"certificates/one.pem\"}"))
        for text in [
            "component 'tree': jobs in a cluster cannot read", "keys/signer.key' is a key",
            "'/etc/signer.pem' is not below",
            "same document key in each run", "share the namespace 'monitoring'",
        ] { #expect(run.errors.contains(text), "\(text): \(run.errors)") }
        let kept = try await journey.dr(["kubernetes", "manifests", "--output", "yaml", "--state-claim"])
        #expect(!kept.errors.contains("document key") && !kept.errors.contains("share the namespace"))
    }

    // MARK: In a pod

    /// The folder of a ConfigMap has mode 777, its files are links, and its mount is read-only.
    @Test(.enabled(if: canMount)) func `dr uses a configuration that a ConfigMap provides, and no other such folder`()
        async throws
    {
        let journey = try await Journey(initialize: false)
        let volume = journey.folder.url.appending(path: "volume")
        let version = volume.appending(path: "..2026_11_29")
        try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            at: journey.folder.url.appending(path: "dr.yaml"), to: version.appending(path: "dr.yaml"))
        for (link, target) in [("..data", "..2026_11_29"), ("dr.yaml", "..data/dr.yaml")] {
            try FileManager.default.createSymbolicLink(
                atPath: volume.appending(path: link).path, withDestinationPath: target)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: volume.path)
        let arguments = ["plan", "list", "--config", volume.appending(path: "dr.yaml").path]
        let writable = try await journey.dr(arguments)
        #expect(writable.status == 2 && writable.errors.contains("where other users can replace it"))
        let script = """
            mount --bind "$0" "$0" && mount --options remount,bind,ro "$0" && exec "$@"
            """
        let mounted = try await CommandRun.run(
            "/usr/bin/unshare",
            ["--user", "--map-root-user", "--mount", "sh", "-c", script, volume.path, Journey.program] + arguments,
            in: journey.folder.url)
        #expect(mounted.status == 0 && mounted.output.contains("complete_cluster_loss"), "\(mounted.errors)")
    }

    /// An API server that records the credentials of each request, and knows no object.
    private static let apiServer = """
        import http.server, json, ssl, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with open(sys.argv[3], "a") as log: log.write(self.headers.get("Authorization", "none") + "\\n")
                body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
                                   "message": "there is nothing here", "code": 404}).encode()
                self.send_response(404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_PATCH = do_POST = do_GET
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with open(sys.argv[4], "w") as file: file.write(str(server.server_port))
        server.serve_forever()
        """

    /// Runs in a mount namespace: a pod's folder with the token, which the kubelet exchanges between two runs of kubectl.
    private static let pod = """
        set -eu
        folder=$1 program=$2 python=$3
        mount -t tmpfs tmpfs /run
        account=/run/secrets/kubernetes.io/serviceaccount
        mkdir -p $account
        cp "$folder/server.pem" $account/ca.crt
        printf first-token > $account/token
        printf rescue > $account/namespace
        "$python" -c "$4" "$folder/server.pem" "$folder/server.key" "$folder/seen" "$folder/port" &
        server=$!
        trap 'kill $server' EXIT
        for _ in $(seq 600); do [ -s "$folder/port" ] && break; sleep 0.1; done
        export KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$(cat "$folder/port")" HOME="$folder"
        unset KUBECONFIG
        "$program" restore --scenario look --yes --param context= || true
        printf second-token > $account/token
        "$program" restore --scenario look --yes --param context= || true
        """

    @Test(.enabled(if: canMount && LabTool.isInstalled("kubectl")))
    func `in a pod, an empty context is the cluster of the pod, and a rotated token is used`() async throws {
        let journey = try await Journey()
        try journey.write("a", "a")
        try await journey.expect(0, "backup")
        let folder = journey.folder.url
        try FileManager.default.createDirectory(
            at: folder.appending(path: "plans"), withIntermediateDirectories: true)
        let plan = """
            scenario: look
            parameters:
              context: {about: "Context of kubectl."}
            steps:
              - id: look
                kubectl: {wait: pod/none, for: create, within: 1s, namespace: rescue, context: "${context}"}
            """
        try Data(plan.utf8).write(to: folder.appending(path: "plans/look.yaml"))
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=api", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.pem",
            ], in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let run = try await CommandRun.run(
            "/usr/bin/unshare",
            [
                "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                Self.pod, "sh",
                folder.path, Journey.program,
                try LabTool.path("python"), Self.apiServer,
            ], in: folder, environment: ["PATH": "\(kubectl):\(path)", "NO_PROXY": "127.0.0.1"])
        let seen = try String(contentsOf: folder.appending(path: "seen"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(seen.first == "Bearer first-token" && seen.last == "Bearer second-token", "\(seen) \(run.errors)")
        #expect(Set(seen) == ["Bearer first-token", "Bearer second-token"])
    }
}
