import Documents
import Foundation
import Lab
import Testing

/// The objects of the stand-in API server, by the real kubectl.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesObjectTests {
    @Test func `a namespace waits for finalizers and says so`() async throws {
        let lab = try await KubernetesLab()
        try await lab.expect("create", "namespace", "monitoring")
        try await lab.apply(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: rules, finalizers: [example.com/keep]}}",
            to: "monitoring")
        _ = try await lab.refused("delete", "namespace", "monitoring", "--timeout=1s")
        let conditions = lab.object("Namespace", "monitoring", in: "")?["status"]?["conditions"]?.array ?? []
        let messages = conditions.filter { $0["status"] == "True" }.compactMap { $0["message"]?.text }
        #expect(
            messages == [
                "Some resources are remaining: configmaps. has 1 resource instances",
                "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances",
            ])
        let refusal = try await lab.refused("create", "configmap", "late", "--namespace=monitoring")
        #expect(refusal.contains("unable to create new content in namespace monitoring because it is being terminated"))
        try await lab.expect(
            "patch", "configmap/rules", "--namespace=monitoring", "--type=json",
            "--patch=[{\"op\": \"remove\", \"path\": \"/metadata/finalizers\"}]")
        try await lab.wait(until: "the namespace is gone") { $0.object("Namespace", "monitoring", in: "") == nil }
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `a custom resource is served once its definition is established`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with { $0.lag.definition = .seconds(4) }
        let definition = KubernetesDefinitions.prometheuses
        let file = lab.folder.url.appending(path: "crd.json")
        try Data(definition.object.document).write(to: file)
        try await lab.expect("apply", "--server-side", "--filename=crd.json")
        #expect(try await lab.refused("get", "prometheuses").contains("the server doesn't have a resource type"))
        try await lab.expect("wait", "--for=condition=Established", "crd/\(definition.rawValue)", "--timeout=2m")
        try await lab.apply(
            "{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: k8s}, spec: {replicas: 1}}")
        #expect(try await lab.expect("get", "prometheus", "k8s", "--output=name").hasPrefix("prometheus.monitoring"))
        try await lab.expect("delete", "crd/\(definition.rawValue)", "--timeout=2m")
        try await lab.wait(until: "the objects are gone") { $0.standIn.with { $0.names(of: "Prometheus") }.isEmpty }
        #expect(lab.standIn.server.violations == [])
    }

    @Test(arguments: [
        ("app=a", ["one", "two"]), ("app!=a", ["three"]), ("app in (a,b),tier", ["two"]), ("app notin (a)", ["three"]),
        ("!tier,app==a", ["one"]),
    ])
    func `objects are selected by labels`(selector: String, names: [String]) async throws {
        let lab = try await KubernetesLab()
        let secrets: [(String, String)] = [("one", "app: a"), ("two", "app: a, tier: x"), ("three", "app: b")]
        for (name, labels) in secrets {
            try await lab.apply("{apiVersion: v1, kind: Secret, metadata: {name: \(name), labels: {\(labels)}}}")
        }
        let output = try await lab.expect("get", "secrets", "--selector=\(selector)", "--output=name", "--chunk-size=1")
        let found = output.split(separator: "\n").map { String($0.dropFirst("secret/".count)) }
        #expect(Set(found) == Set(names))
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `access reviews agree with refusals`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with { $0.denied = ["list secrets", "* pods/exec@default"] }
        let refusal = try await lab.refused("get", "secrets")
        let reason = """
            secrets is forbidden: User "nobody" cannot list resource "secrets" in API group "" in the namespace "default"
            """
        #expect(refusal.contains(reason), "\(refusal)")
        let questions: [(arguments: [String], isAllowed: Bool)] = [
            (["list", "secrets"], false), (["get", "secrets"], true),
            (["create", "pods", "--subresource=exec"], false),
            (["create", "pods", "--subresource=exec", "--namespace=other"], true),
        ]
        for question in questions {
            let run = try await lab.kubectl(["auth", "can-i"] + question.arguments)
            #expect(run.output == (question.isAllowed ? "yes\n" : "no\n"), "\(question) \(run.errors)")
            #expect(run.status == (question.isAllowed ? 0 : 1), "\(question) \(run.errors)")
        }
        let rules = try await lab.expect("auth", "can-i", "--list")
        #expect(rules.contains("pods/log"))
        #expect(!rules.contains("pods/exec"))
        lab.standIn.with { $0.isTokenExpired = true }
        #expect(try await lab.refused("get", "pods").contains("Unauthorized"))
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `a quota refuses pods and claims, and events say so`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: small}, spec: {hard: {requests.storage: 1500Mi}}}")
        try await lab.apply(KubernetesLab.statefulSet("loki", replicas: 2))
        try await lab.wait(until: "the second claim is refused") { !$0.events("FailedCreate").isEmpty }
        let expected = """
            create Claim data-loki-1 for Pod loki-1 in StatefulSet loki failed error: persistentvolumeclaims \
            "data-loki-1" is forbidden: exceeded quota: small, requested: requests.storage=1Gi, used: \
            requests.storage=1Gi, limited: requests.storage=1500Mi
            """
        #expect(lab.events("FailedCreate") == [expected])
        try await lab.expect("patch", "quota/small", "--type=merge", "--patch={\"spec\":{\"hard\":{\"pods\":\"1\"}}}")
        let refusal = try await lab.refused("run", "more", "--image=x:1")
        let reason =
            "pods \"more\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1"
        #expect(refusal.contains(reason), "\(refusal)")
    }

    @Test(arguments: [
        ("{}", "BestEffort"), ("{requests: {cpu: 1}}", "Burstable"), ("{limits: {cpu: 1, memory: 1Gi}}", "Guaranteed"),
        ("{limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1000m}}", "Guaranteed"),
        ("{limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 100m}}", "Burstable"),
    ]) func `the server sets the quality of service of a pod, and refuses another one`(
        _ resources: String, quality: String
    ) async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: main}
            spec: {containers: [{name: main, image: "x:1", resources: \(resources)}]}
            """)
        let found = try await lab.expect("get", "pod/main", "--output=jsonpath={.status.qosClass}")
        #expect(found == quality)
        let other = quality == "BestEffort" ? "Burstable" : "BestEffort"
        let refusal = try await lab.refused(
            "patch", "pod/main", "--subresource=status", "--type=merge",
            "--patch={\"status\":{\"qosClass\":\"\(other)\"}}")
        #expect(refusal.contains("status.qosClass: Invalid value: \"\(other)\": field is immutable"), "\(refusal)")
    }

    @Test func `restricted namespaces refuse pods with the violations`() async throws {
        let lab = try await KubernetesLab()
        try await lab.expect("label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
        let message = try await lab.refused("run", "bare", "--image=x:1")
        let violations = """
            pods "bare" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \
            (container "bare" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities \
            (container "bare" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or \
            container "bare" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "bare" must \
            set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")
            """
        #expect(message.contains(violations), "\(message)")
        try await lab.apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: good}
            spec:
              securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
              containers:
              - {name: main, image: "x:1", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
            """)
    }

    @Test func `field managers are shown, and conflicts name them`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(KubernetesLab.statefulSet("loki"))
        try await lab.expect("scale", "statefulset/loki", "--replicas=3")
        let run = try await lab.kubectl(
            [
                "get", "statefulset/loki", "--show-managed-fields",
                "--output=jsonpath={.metadata.managedFields[*].manager}",
            ])
        #expect(Set(run.output.split(separator: " ")) == ["dr", "kubectl"])
        try Data(KubernetesLab.statefulSet("loki").utf8).write(to: lab.folder.url.appending(path: "again.yaml"))
        let message = try await lab.refused("apply", "--server-side", "--field-manager=dr", "--filename=again.yaml")
        #expect(message.contains("conflict with \"kubectl\" with subresource \"scale\" using apps/v1 at "))
        #expect(message.contains(": .spec.replicas"))
        try await lab.expect(
            "apply", "--server-side", "--field-manager=dr", "--filename=again.yaml", "--dry-run=server",
            "--force-conflicts")
        #expect(lab.object("StatefulSet", "loki")?["spec"]?["replicas"] == 3)
    }
}
