import Cryptography
import Documents
import StackConfiguration
import Testing

@testable import Operations

@Suite struct ClaimRecordTests {
    private static let claim: JSONValue = [
        "metadata": [
            "name": "data-server-0", "labels": ["app": "server"],
            "annotations": ["team": "sre", "pv.kubernetes.io/bind-completed": "yes"],
        ],
        "spec": [
            "storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
            "volumeName": "pvc-1", "resources": ["requests": ["storage": "10Gi"]],
        ],
        "status": ["capacity": ["storage": "12Gi"]],
    ]

    @Test func `a claim is created as it was recorded, without the cluster's own values`() throws {
        let record = try #require(ClaimRecord(Self.claim))
        let place = try VolumePlacement(claim: "data-server-0", path: "/data", subPath: "db")
        let restored = try #require(ClaimRecord(facts: try record.facts(place)))
        #expect(restored.subPath == "db" && restored.mountPath == "/data")
        let document = restored.document(
            namespace: "monitoring", claim: "data-server-0", storageClasses: ["fast": "new"], bytes: 1)
        #expect(document["metadata"]?["labels"] == ["app": "server"])
        #expect(document["metadata"]?["annotations"] == ["team": "sre"])
        #expect(document["spec"]?["storageClassName"] == "new")
        #expect(document["spec"]?["accessModes"] == ["ReadWriteOnce"])
        #expect(document["spec"]?["resources"]?["requests"]?["storage"] == "12Gi")
        #expect(document["spec"]?["volumeName"] == nil)
    }

    @Test func `a claim is at least as large as the set needs`() throws {
        let document = try #require(ClaimRecord(Self.claim)).document(
            namespace: nil, claim: "c", storageClasses: [:], bytes: 20 << 30)
        #expect(document["spec"]?["resources"]?["requests"]?["storage"] == .string("\(20 << 30)"))
    }

    @Test(arguments: ["", "{", "[]", "{\"name\":1}", "{\"name\":\"x\"}"])
    func `a record that cannot be read counts as none`(text: String) {
        #expect(ClaimRecord(facts: [ClaimRecord.fact: text]) == nil)
    }

    @Test(
        arguments: [
            ("10Gi", 10 << 30), ("500M", 500_000_000), ("1e3", 1000), ("2Ki", 2048), ("1500m", 2), ("7", 7), ("x", nil),
            ("", nil), ("1e999", nil), ("-", nil), ("nanGi", nil),
        ] as [(String, Int?)])
    func `quantities are those of Kubernetes`(text: String, bytes: Int?) {
        #expect(Quantity.bytes(text) == bytes)
    }

    // MARK: Lists of hashes

    private static let digest = String(repeating: "ab", count: 32)

    @Test(
        arguments: [
            ("\(digest)  ./a b", "./a b"), ("\(digest) *./c", "./c"), ("\\\(digest)  ./a\\nb\\\\", "./a\nb\\"),
            ("\(digest)  ", nil), ("abc  ./x", nil), ("", nil), ("\\\(digest)  ./a\\x", nil),
        ] as [(String, String?)])
    func `lines of sha256sum are parsed, also with escaped names`(line: String, name: String?) {
        let parsed = ExecCopy.parse(Array(line.utf8))
        #expect(parsed.map { String(decoding: $0.name, as: UTF8.self) } == name)
    }

    // MARK: Settings for another machine

    @Test func `secrets are resolved, and cluster addresses become names of services`() throws {
        let entry: JSONValue = [
            "url": "kube://lab/monitoring/services/metrics:9090", "password": ["env": "SECRET"], "data": "/data",
        ]
        let location = Location(file: "dr.yaml", line: 1, column: 1)
        let settings = try OrderSettings(
            entry, data: "/var/lib/x", location: location, folder: "/", environment: ["SECRET": "hidden"])
        #expect(settings.entry["url"] == "http://metrics.monitoring.svc:9090")
        #expect(settings.entry["data"] == "/var/lib/x")
        let name = try #require(settings.entry["password"]?["env"]?.text)
        #expect(settings.environment == [name: "hidden"])
        #expect(throws: DocumentError.self) {
            try OrderSettings(entry, data: "/x", location: location, folder: "/", environment: [:])
        }
        let own = try OrderSettings(entry, data: "/x", location: location, folder: "/")
        #expect(own.entry["password"] == ["env": "SECRET"] && own.environment.isEmpty)
    }
}
