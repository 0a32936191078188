import Components
import Documents
import Testing

@testable import Operations

@Suite struct ServedWorkloadTests {
    private static func workload(
        containers: String, volumes: String = "[]", templates: String = "[]"
    ) throws -> ServedWorkload {
        let object = try #require(
            JSONValue.documents(
                ofYAML: """
                    metadata: {name: db}
                    spec:
                      template:
                        metadata: {labels: {app: db, tier: x}}
                        spec: {containers: \(containers), volumes: \(volumes)}
                      volumeClaimTemplates: \(templates)
                    status: {readyReplicas: 1}
                    """)?.first)
        return try #require(ServedWorkload(object, type: "statefulset"))
    }

    @Test(
        arguments: [
            ("{name: a, image: 'registry:5000/org/prometheus:v2@sha256:0'}", ["prometheus"]),
            ("{name: a, image: prometheus}", ["prometheus"]),
            ("{name: a, image: 'x:1', command: [/bin/prometheus, --a]}", ["prometheus", "x"]),
            ("{name: a}", []),
        ] as [(String, Set<String>)])
    func `a container shows its program by its image and its command`(_ text: String, _ programs: Set<String>) throws {
        let workload = try Self.workload(containers: "[\(text)]")
        #expect(workload.containers.first?.programs == programs && workload.isReady)
        #expect((workload.container(running: ["prometheus"]) != nil) == programs.contains("prometheus"))
    }

    private static let mounts =
        "volumeMounts: [{name: data, mountPath: /data/}, {name: other, mountPath: /other}, {name: tmp, mountPath: /data/tmp}]"

    @Test func `a volume has the keys that tell it from others`() throws {
        let one = try Self.workload(
            containers: "[{name: a, volumeMounts: [{name: data, mountPath: /data}]}]",
            templates: "[{metadata: {name: data}}]")
        #expect(one.volume(for: "/data", in: "a")?.section == ["workload": "statefulset/db"])
        #expect(one.volume(for: "/data/x", in: nil)?.section == ["workload": "statefulset/db", "path": "/data/x"])
        #expect(one.volume(for: "/database", in: "a") == nil && one.volume(for: "/data", in: "b") == nil)
        let several = try Self.workload(
            containers: "[{name: side, volumeMounts: [{name: data, mountPath: /x}]}, {name: a, \(Self.mounts)}]",
            volumes: "[{name: data, persistentVolumeClaim: {claimName: one}}, {name: other, persistentVolumeClaim: "
                + "{claimName: two}}, {name: tmp, emptyDir: {}}]")
        let section: JSONValue = [
            "workload": "statefulset/db", "container": "a", "claim": "one", "path": "/data",
        ]
        #expect(several.volume(for: "/data", in: "a")?.section == section)
        // The innermost mount counts, and it has no claim.
        #expect(several.volume(for: "/data/tmp/x", in: "a") == nil)
    }

    @Test(
        arguments: [
            ("[{port: 80, targetPort: web}]", 9090, 80), ("[{port: 1}, {port: 9090}]", 9090, 9090),
            ("[{port: 1, targetPort: 9090}, {port: 9090, targetPort: 2}]", 9090, 1),
            ("[{port: 1, name: grpc}, {port: 2, name: http}]", 9090, 2), ("[{port: 7}]", 9090, 7),
            ("[{port: 7}, {port: 8}]", 9090, nil), ("[{port: 9090, protocol: UDP}]", 9090, nil),
            ("[{port: 70000}]", 9090, nil), ("{}", 9090, nil),
        ] as [(String, Int, Int?)])
    func `a service leads to the port of its server`(_ ports: String, _ listening: Int, _ expected: Int?) throws {
        let text = "{metadata: {name: s}, spec: {selector: {app: db}, ports: \(ports)}}"
        let service = try #require(JSONValue.documents(ofYAML: text)?.first.flatMap { NamespaceService($0) })
        let workload = try Self.workload(containers: "[{name: a, ports: [{name: web, containerPort: 9090}]}]")
        let container = try #require(workload.containers.first)
        #expect(service.port(for: listening, of: container)?.number == expected)
        #expect(service.leads(to: workload))
    }
}
