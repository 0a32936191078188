import BackupRepository
import Documents
import Testing

@testable import NamespaceObjects

@Suite struct RestoreRulesTests {
    @Test func `an object comes after those that it needs`() {
        let kinds = [
            ("monitoring.coreos.com", "Prometheus"), ("apps", "StatefulSet"), ("", "Service"),
            ("", "PersistentVolumeClaim"), ("", "Secret"), ("networking.k8s.io", "NetworkPolicy"),
            ("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "Role"), ("", "Namespace"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ]
        let stages = kinds.map { RestoreStage(ObjectName(group: $0.0, kind: $0.1, namespace: nil, name: "x")) }
        #expect(stages == stages.sorted(by: >))
        #expect(Set(stages).count == RestoreStage.allCases.count)
    }

    // MARK: Owners

    private func object(_ name: String, owner: String? = nil, controls: Bool = true) -> (ObjectName, JSONValue) {
        var metadata: JSONValue = ["name": .string(name), "uid": .string("uid-\(name)")]
        if let owner {
            metadata["ownerReferences"] = [["uid": .string("uid-\(owner)"), "controller": .bool(controls)]]
        }
        return (
            ObjectName(group: "", kind: "X", namespace: "m", name: name), ["metadata": metadata]
        )
    }

    @Test func `an object is left out if a captured object's controller makes it`() {
        var ledger = ObjectLedger()
        for (name, object) in [
            object("top"), object("child", owner: "top"), object("grandchild", owner: "child"),
            object("orphan", owner: "elsewhere"), object("belonging", owner: "top", controls: false),
            object("circle", owner: "ring"), object("ring", owner: "circle"),
        ] { ledger.add(name, object) }
        #expect(Set(ledger.controlled.map(\.name)) == ["child", "grandchild"])
    }

    // MARK: Another namespace

    @Test func `references to the namespaces follow the prefix`() throws {
        let move = try NamespaceMove(prefix: "drill-", namespaces: ["monitoring", "logging"])
        let binding = move.moved(
            try JSONValue(
                parsing: """
                    {"kind":"RoleBinding","metadata":{"name":"b","namespace":"monitoring"},"subjects":[{"kind":"ServiceAccount",
                    "name":"a","namespace":"logging"},{"kind":"ServiceAccount","name":"c","namespace":"kube-system"}]}
                    """))
        #expect(binding["metadata"]?["namespace"] == "drill-monitoring")
        #expect(binding["subjects"]?.array?.map { $0["namespace"]?.text } == ["drill-logging", "kube-system"])
        let monitor = move.moved([
            "kind": "ServiceMonitor", "metadata": ["name": "x", "namespace": "logging"],
            "spec": ["namespaceSelector": ["matchNames": ["monitoring", "default"]]],
        ])
        #expect(monitor["spec"]?["namespaceSelector"]?["matchNames"] == ["drill-monitoring", "default"])
        let policy = move.moved([
            "kind": "NetworkPolicy", "metadata": ["namespace": "logging"],
            "spec": [
                "ingress": [
                    ["from": [["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "monitoring"]]]]]
                ]
            ],
        ])
        let peer = policy["spec"]?["ingress"]?.array?.first?["from"]?.array?.first
        #expect(
            peer?["namespaceSelector"]?["matchLabels"]?["kubernetes.io/metadata.name"] == "drill-monitoring")
        #expect(
            move.moved(["kind": "Namespace", "metadata": ["name": "logging"]])["metadata"]?["name"] == "drill-logging")
    }

    @Test func `a copy beside the live namespace takes over no requests from outside`() throws {
        let move = try NamespaceMove(prefix: "drill-", namespaces: ["monitoring"])
        let service = move.moved([
            "apiVersion": "v1", "kind": "Service", "metadata": ["namespace": "monitoring"],
            "spec": ["type": "LoadBalancer", "loadBalancerIP": "192.0.2.1", "ports": [["port": 80]]],
        ])
        #expect(service["spec"] == ["type": "ClusterIP", "ports": [["port": 80]]])
        for (group, kind, namespace) in [
            ("networking.k8s.io", "Ingress", "monitoring"), ("rbac.authorization.k8s.io", "ClusterRole", nil),
        ] {
            #expect(
                move.obstacle(to: ObjectName(group: group, kind: kind, namespace: namespace, name: "x")) != nil)
        }
        #expect(move.obstacle(to: ObjectName(group: "", kind: "Namespace", namespace: nil, name: "monitoring")) == nil)
    }

    @Test(arguments: ["Drill-", "a.", "-", "x" + String(repeating: "y", count: 60)])
    func `a prefix that makes no valid name is refused`(_ prefix: String) {
        #expect(throws: ComponentError.self) { try NamespaceMove(prefix: prefix, namespaces: ["monitoring"]) }
    }

    // MARK: Hold

    @Test(arguments: [
        ("apps/v1", "{\"replicas\":3}", true, "{\"replicas\":0}", "3"),
        ("apps/v1", "{}", true, "{\"replicas\":0}", "1"),
        ("monitoring.coreos.com/v1", "{\"replicas\":2}", true, "{\"replicas\":0}", "2"),
        ("batch/v1", "{\"schedule\":\"x\"}", false, "{\"schedule\":\"x\",\"suspend\":true}", nil),
    ]) func `a held workload starts no pods and keeps its number`(
        _ version: String, _ spec: String, hasScale: Bool, held: String, number: String?
    ) throws {
        let document: JSONValue = [
            "apiVersion": .string(version), "metadata": ["name": "x"], "spec": try JSONValue(parsing: spec),
        ]
        let result = try #require(HeldWorkload.held(document, live: nil, hasScale: hasScale))
        #expect(result.document["spec"] == (try JSONValue(parsing: held)))
        #expect(result.document["metadata"]?["annotations"]?["dr/replicas"]?.text == number)
    }

    @Test(arguments: [
        ("apps/v1", "{\"replicas\":0}", true), ("v1", "{\"data\":1}", false), ("apps/v1", "{}", false),
        ("batch/v1", "{\"suspend\":true}", false),
    ]) func `an object without pods is not held`(_ version: String, _ spec: String, hasScale: Bool) throws {
        let document: JSONValue = ["apiVersion": .string(version), "spec": try JSONValue(parsing: spec)]
        #expect(HeldWorkload.held(document, live: nil, hasScale: hasScale) == nil)
    }

    // MARK: Facts

    @Test func `the facts name each object, and not the content of Secrets`() throws {
        var digests = ObjectDigests()
        let map: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": "v"]]
        let secret: JSONValue = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["k": "v"]]
        let role: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "r"],
        ]
        let names = [
            ObjectName(group: "", kind: "ConfigMap", namespace: "m", name: "a"),
            ObjectName(group: "", kind: "Secret", namespace: "m", name: "s"),
            ObjectName(group: "rbac.authorization.k8s.io", kind: "ClusterRole", namespace: nil, name: "r"),
        ]
        for (name, document) in zip(names, [map, secret, role]) { digests.add(name, document) }
        #expect(digests.facts["objects of Secret"] == "m/s -")
        #expect(digests.facts.keys.contains("objects of ClusterRole (rbac.authorization.k8s.io)"))
        let read = ObjectDigests(facts: digests.facts)
        #expect(read == digests)
        #expect(read.matches(names[0], map.adding(["status": [:]])))
        #expect(!read.matches(names[0], map.adding(["data": ["k": "other"]])))
        #expect(read.matches(names[1], secret.adding(["data": ["k": "other"]])))
    }

    @Test(arguments: ["", " ", "a", "a b c", ", ,", "m/ x", "/ y, /"]) func `facts of another form are ignored`(
        _ fact: String
    ) {
        _ = ObjectDigests(facts: ["objects of ": fact, "objects of X (": fact, "objects of X": fact])
    }

    // MARK: Claims

    @Test(arguments: [
        (BackedUpClaims(namespace: "m", claim: nil, workload: "metrics"), "data-metrics-0", true),
        (BackedUpClaims(namespace: "m", claim: nil, workload: "metrics"), "data-metrics-x", false),
        (BackedUpClaims(namespace: "m", claim: nil, workload: "metrics"), "data-othermetrics-0", false),
        (BackedUpClaims(namespace: nil, claim: "files", workload: nil), "files", true),
        (BackedUpClaims(namespace: "other", claim: "files", workload: nil), "files", false),
    ]) func `a claim belongs to the component that names it or its workload`(
        _ claims: BackedUpClaims, _ name: String, isCovered: Bool
    ) {
        #expect(GapSurroundings(claims: [claims]).covers(claim: name, in: "m") == isCovered)
    }
}
