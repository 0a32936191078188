import Documents
import Lab
import Testing

@Suite struct KubernetesFieldsTests {
    private static let pod: JSONValue = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "one", "labels": ["a": "b"]],
        "spec": [
            "containers": [["name": "main", "resources": ["limits": ["cpu": 2, "memory": "1Gi"]]]],
            "terminationGracePeriodSeconds": 5,
        ],
    ]

    private static func changed(_ spec: [String: JSONValue]) -> JSONValue {
        pod.adding(["spec": (pod["spec"] ?? [:]).adding(spec)])
    }

    @Test func `a valid pod has no violation`() throws {
        #expect(try ManifestFields().violations(of: Self.pod) == [])
    }

    @Test(arguments: [
        (changed(["conatiners": []]), "unknown field 'conatiners'"),
        (changed(["containers": [["image": "a"]]]), "required field 'name' is missing"),
        (
            changed(["containers": [["name": "a", "resources": ["limits": ["memory": "1 Gi"]]]]]),
            "not of type quantity"
        ),
        (changed(["terminationGracePeriodSeconds": "5"]), "not of type integer"),
        (changed(["volumes": ["name": "a"]]), "not a list"),
        (pod.adding(["kind": "Pot"]), "unknown kind 'Pot'"),
        (pod.adding(["metadata": [:]]), "no name"),
        (pod.adding(["metadata": ["name": "a", "labels": ["a": 1]]]), "not of type string"),
    ]) func `a wrong field is a violation`(_ pod: JSONValue, _ text: String) throws {
        let violations = try ManifestFields().violations(of: pod)
        #expect(violations.count == 1 && violations[0].contains(text), "\(violations)")
    }
}
