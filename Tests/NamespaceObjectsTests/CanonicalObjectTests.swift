import Documents
import Testing

@testable import NamespaceObjects

@Suite struct CanonicalObjectTests {
    /// A live object, and its canonical form.
    struct Example: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let live: String
        let canonical: String

        init(_ name: String, live: String, canonical: String) {
            (testDescription, self.live, self.canonical) = (name, live, canonical)
        }
    }

    static let examples = [
        Example(
            "metadata of the server",
            live: """
                {"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"},"status":{},"metadata":{"name":"c","namespace":"m",
                "uid":"u","resourceVersion":"7","generation":2,"creationTimestamp":"2026-01-01T00:00:00Z","selfLink":"/x",
                "managedFields":[{}],"ownerReferences":[{"uid":"o"}],"finalizers":["f"],"labels":{},"annotations":
                {"kubectl.kubernetes.io/last-applied-configuration":"{}","dr/replicas":"3","team":"sre"}}}
                """,
            canonical: """
                {"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"},"metadata":{"name":"c","namespace":"m",
                "annotations":{"team":"sre"}}}
                """),
        Example(
            "addresses of a service",
            live: """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"clusterIP":"10.0.0.7","clusterIPs":
                ["10.0.0.7"],"type":"NodePort","healthCheckNodePort":30001,"ports":[{"port":80,"nodePort":30000}]}}
                """,
            canonical: """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80}]}}
                """),
        Example(
            "a service without an address",
            live: """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"clusterIP":"None","clusterIPs":["None"]}}
                """,
            canonical: """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"clusterIP":"None","clusterIPs":["None"]}}
                """),
        Example(
            "a bound claim",
            live: """
                {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"p","annotations":
                {"pv.kubernetes.io/bind-completed":"yes","volume.kubernetes.io/selected-node":"n"}},"spec":{"volumeName":"pv-1",
                "dataSource":{"name":"snap"},"storageClassName":"fast"},"status":{"phase":"Bound"}}
                """,
            canonical: """
                {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"p"},"spec":{"storageClassName":"fast"}}
                """),
        Example(
            "templates of a stateful set",
            live: """
                {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s"},"spec":{"template":{"metadata":
                {"creationTimestamp":null,"labels":{"app":"s"}}},"volumeClaimTemplates":[{"metadata":{"name":"data",
                "creationTimestamp":null},"status":{"phase":"Pending"}}]},"status":{"replicas":1}}
                """,
            canonical: """
                {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s"},"spec":{"template":{"metadata":
                {"labels":{"app":"s"}}},"volumeClaimTemplates":[{"metadata":{"name":"data"}}]}}
                """),
        Example(
            "identifiers of a job",
            live: """
                {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j","labels":{"job-name":"j","controller-uid":"u",
                "team":"sre"}},"spec":{"selector":{"matchLabels":{"controller-uid":"u"}},"template":{"metadata":{"labels":
                {"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"j"}},"spec":{}}}}
                """,
            canonical: """
                {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j","labels":{"team":"sre"}},
                "spec":{"template":{"metadata":{},"spec":{}}}}
                """),
        Example(
            "a namespace",
            live: """
                {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"m","labels":{"kubernetes.io/metadata.name":"m",
                "pod-security.kubernetes.io/enforce":"restricted"}},"spec":{"finalizers":["kubernetes"]}}
                """,
            canonical: """
                {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"m","labels":{"pod-security.kubernetes.io/enforce":
                "restricted"}}}
                """),
        Example(
            "a collected role",
            live: """
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":[{}],
                "aggregationRule":{"clusterRoleSelectors":[]}}
                """,
            canonical: """
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},
                "aggregationRule":{"clusterRoleSelectors":[]}}
                """),
        Example(
            "a custom resource",
            live: """
                {"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus","metadata":{"name":"k8s"},"spec":{"replicas":2,
                "clusterIP":"kept"},"status":{"paused":false}}
                """,
            canonical: """
                {"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus","metadata":{"name":"k8s"},"spec":{"replicas":2,
                "clusterIP":"kept"}}
                """),
    ]

    @Test(arguments: examples) func `the fields of the cluster are removed, those of operators stay`(
        _ example: Example
    ) throws {
        let canonical = CanonicalObject.make(from: try JSONValue(parsing: example.live))
        #expect(canonical == (try JSONValue(parsing: example.canonical)))
        #expect(CanonicalObject.make(from: canonical) == canonical, "it is not stable")
    }

    @Test(arguments: [
        "{}", "[]", "null", "{\"apiVersion\":7,\"kind\":[],\"metadata\":\"x\"}",
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"spec\":{\"template\":3,\"volumeClaimTemplates\":[1,{}]}}",
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":[{\"ports\":0}]}",
        "{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":[]}}}}",
        "{\"apiVersion\":\"///\",\"kind\":\"Job\",\"metadata\":{\"labels\":[],\"annotations\":5},\"spec\":null}",
    ]) func `a document of another form never ends the program`(_ text: String) throws {
        let value = try JSONValue(parsing: text)
        let canonical = CanonicalObject.make(from: value)
        #expect(
            ObjectName(value) == nil || ObjectName(canonical) == ObjectName(value) || value["metadata"]?.object == nil)
    }

    @Test(arguments: [
        (["", "ConfigMap", "monitoring", "dashboards"], "core/ConfigMap/monitoring/dashboards.json"),
        (["apps", "Deployment", "m", "grafana"], "apps/Deployment/m/grafana.json"),
        (
            ["rbac.authorization.k8s.io", "ClusterRole", "", "system:x"],
            "rbac.authorization.k8s.io/ClusterRole/system%3Ax.json"
        ),
        (["../..", "../x", "..", "../../etc/passwd"], "%2E.%2F../%2E.%2Fx/%2E./%2E.%2F..%2Fetc%2Fpasswd.json"),
    ]) func `names never leave the tree`(_ parts: [String], _ path: String) {
        let name = ObjectName(
            group: parts[0], kind: parts[1], namespace: parts[2].isEmpty ? nil : parts[2], name: parts[3])
        #expect(name.path == path)
        #expect(!name.path.split(separator: "/").contains { $0 == ".." || $0 == "." })
    }
}
