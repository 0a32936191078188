import Documents
import Testing

@testable import Kubernetes

@Suite struct IsolatedManifestsTests {
    private func isolated(_ document: JSONValue) -> IsolatedManifests {
        IsolatedManifests([document], in: "dr-drill-1", clusterKinds: ["ClusterRole", "Namespace", "PersistentVolume"])
    }

    @Test(arguments: ["ClusterRole", "Namespace", "PersistentVolume", "Ingress", "HTTPRoute"])
    func `objects that reach out of the namespace stay out`(_ kind: String) {
        let manifests = isolated(["kind": .string(kind), "metadata": ["name": "x"]])
        #expect(manifests.objects.isEmpty && manifests.leftOut == ["\(kind)/x"])
    }

    @Test func `a service becomes internal and moves to the namespace`() {
        let service: JSONValue = [
            "kind": "Service", "metadata": ["name": "web", "namespace": "monitoring"],
            "spec": [
                "type": "LoadBalancer", "clusterIP": "10.0.0.7", "externalIPs": ["192.0.2.1"],
                "ports": [["port": 80, "nodePort": 30080]],
            ],
        ]
        #expect(
            isolated(service).objects == [
                [
                    "kind": "Service", "metadata": ["name": "web", "namespace": "dr-drill-1"],
                    "spec": ["type": "ClusterIP", "ports": [["port": 80]]],
                ]
            ])
    }

    @Test func `a headless service stays headless`() {
        let service: JSONValue = ["kind": "Service", "metadata": ["name": "web"], "spec": ["clusterIP": "None"]]
        #expect(isolated(service).objects.first?["spec"]?["clusterIP"]?.text == "None")
    }

    @Test func `a claim gets a new volume and a CronJob does not run`() {
        let claim: JSONValue = [
            "kind": "PersistentVolumeClaim", "metadata": ["name": "data"], "spec": ["volumeName": "pv-live"],
        ]
        #expect(isolated(claim).objects.first?["spec"] == [:])
        let job: JSONValue = ["kind": "CronJob", "metadata": ["name": "compact"], "spec": ["schedule": "@hourly"]]
        #expect(isolated(job).objects.first?["spec"]?["suspend"] == true)
    }

    @Test func `a claim template gets a new volume`() {
        let set: JSONValue = [
            "kind": "StatefulSet", "metadata": ["name": "db"],
            "spec": [
                "volumeClaimTemplates": [
                    [
                        "metadata": ["name": "data"],
                        "spec": ["volumeName": "pv-live", "selector": [:], "storageClassName": ""],
                    ]
                ],
                "template": [
                    "spec": [
                        "hostNetwork": true, "nodeName": "n",
                        "containers": [["name": "m", "ports": [["containerPort": 1, "hostPort": 1]]]],
                    ]
                ],
            ],
        ]
        #expect(
            isolated(set).objects.first?["spec"] == [
                "volumeClaimTemplates": [["metadata": ["name": "data"], "spec": [:]]],
                "template": ["spec": ["containers": [["name": "m", "ports": [["containerPort": 1]]]]]],
            ])
    }

    @Test(arguments: ["hostPath", "nfs", "csi", "awsElasticBlockStore"])
    func `a pod with data of others stays out`(_ type: String) {
        let volume: JSONValue = ["name": "v", "configMap": ["name": "c"]]
        let foreign: JSONValue = .object(["name": "d", type: [:]])
        let set: JSONValue = [
            "kind": "Deployment", "metadata": ["name": "web"],
            "spec": ["template": ["spec": ["volumes": [volume, foreign]]]],
        ]
        let manifests = isolated(set)
        #expect(manifests.objects.isEmpty)
        #expect(manifests.leftOut == ["Deployment/web, which mounts a volume of the type \(type)"])
    }
}
