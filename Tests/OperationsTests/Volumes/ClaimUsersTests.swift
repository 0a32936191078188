import Documents
import Foundation
import Kubernetes
import Lab
import Platform
import StackConfiguration
import Testing

@testable import Operations

@Suite struct ClaimUsersTests {
    private let site: ScriptedKubectl

    /// A program in place of kubectl that knows the pods of a folder.
    init() async throws {
        site = try await ScriptedKubectl(
            """
            *" get pods "*) ls *.json 2>/dev/null | sed 's,^,pod/,;s,[.]json$,,' ;;
            *" get pod/"*) word=get.pod/; cat "$(word "$@").json" 2>/dev/null || : ;;
            *" delete pod "*) word=delete.pod.; rm -f "$(word "$@").json" ;;
            *" exec "*) word=exec.; cat "$(word "$@").absence" ;;
            *" get namespace/forbidden "*) echo 'Error from server (Forbidden): no' >&2; exit 1 ;;
            *" get namespace/present "*) echo '{}' ;;
            *" get namespace/"*) ;;
            """)
    }

    private var kubectl: Kubectl { site.kubectl }

    private var users: ClaimUsers {
        let search = VolumeSearch(volume: KubernetesVolume(), kubectl: kubectl)
        var users = ClaimUsers(
            claim: "data-web-0", workload: "statefulset/web", component: "web", stack: "s", search: search)
        users.patience = .seconds(2)
        users.observation = .milliseconds(50)
        users.pause = .milliseconds(20)
        return users
    }

    private func add(
        _ name: String, purpose: String? = nil, component: String = "web", absence: Int? = nil, created: String = "1",
        phase: String = "Running", more: [String: String] = [:]
    ) throws {
        var labels: [String: String] = ["app": "web"]
        if let purpose {
            labels = MoverPod.labels(run: "ab", component: component, stack: "s")
            labels[MoverPod.purposeLabel] = purpose
            labels.merge(more) { $1 }
        }
        let pod: JSONValue = [
            "metadata": [
                "name": .string(name), "labels": .object(labels.mapValues { .string($0) }),
                "creationTimestamp": .string(created),
            ],
            "spec": ["volumes": [["name": "d", "persistentVolumeClaim": ["claimName": "data-web-0"]]]],
            "status": ["phase": .string(phase)],
        ]
        try site.write("\(name).json", pod.compact)
        if let absence { try site.write("\(name).absence", "\(absence)\n".utf8) }
    }

    private func has(_ name: String) -> Bool { site.has("\(name).json") }

    private func refusal(except own: String? = nil) async -> String? {
        do {
            try await users.clear(except: own)
            return nil
        } catch { return "\(error) \((error as? VolumeError)?.hint ?? "")" }
    }

    @Test(arguments: [(3600, true), (60, false)])
    func `a mover that never started is deleted once its own dr would have`(age: Int, isDeleted: Bool) async throws {
        let created = Date(timeIntervalSinceNow: -Double(age)).formatted(.iso8601)
        try add("waiting", purpose: "restore", created: created, phase: "Pending")
        let refusal = await refusal()
        #expect((refusal == nil) == isDeleted, "\(refusal ?? "none")")
        #expect(has("waiting") != isDeleted)
        #expect(isDeleted || refusal?.contains("delete pod waiting") == true, "\(refusal ?? "none")")
    }

    @Test func `the mover of a restore whose dr is dead is deleted, and so is that of a backup`() async throws {
        try add("dead", purpose: "restore", absence: 100)
        try add("backup", purpose: "backup")
        #expect(await refusal() == nil)
        #expect(!has("dead") && !has("backup"))
    }

    @Test func `the mover of an earlier process of the same recovery is deleted at once`() async throws {
        var resumed = users
        resumed.recovery = "20261123T010000Z-abc"
        let own = MoverPod.labels(recovery: "20261123T010000Z-abc")
        try add("dead", purpose: "restore", absence: 0, more: own.merging([MoverPod.processLabel: "other"]) { $1 })
        try await resumed.clear()
        #expect(!has("dead"))
        // Another step of this process, and another recovery.
        for labels in [own, MoverPod.labels(recovery: "another")] {
            try add("busy", purpose: "restore", absence: 0, more: labels)
            await #expect(throws: VolumeError.self) { try await resumed.clear() }
            #expect(has("busy"))
        }
    }

    @Test func `the mover of a restore that works is left alone, and the later restore is refused`() async throws {
        try add("busy", purpose: "restore", absence: 0)
        #expect(await refusal()?.contains("another restore works on it") == true)
        #expect(has("busy"))
    }

    @Test func `a pod of the workload is refused, with a hint for the same cluster and namespace`() async throws {
        try add("web-0")
        let refusal = try #require(await refusal())
        #expect(refusal.contains("in use by web-0"))
        #expect(refusal.contains("--context=east --namespace=lab scale statefulset/web --replicas=0"), "\(refusal)")
        #expect(has("web-0"))
    }

    @Test func `the mover of another component is a user`() async throws {
        try add("other", purpose: "restore", component: "other", absence: 100)
        let refusal = await refusal()
        #expect(refusal?.contains("in use by other") == true, "\(refusal ?? "none")")
        #expect(has("other"))
    }

    @Test func `of two restores the later one gives way`() async throws {
        try add("first", purpose: "restore", absence: 0, created: "2026-11-23T01:00:00Z")
        try add("second", purpose: "restore", absence: 0, created: "2026-11-23T01:00:01Z")
        let first = await refusal(except: "first")
        #expect(first == nil, "\(first ?? "none")")
        #expect(await refusal(except: "second")?.contains("in use by first") == true)
    }

    @Test func `a pod that started beside the mover, and a mover that was removed, are noticed`() async throws {
        try add("own", purpose: "restore", absence: 0)
        #expect(await refusal(except: "own") == nil)
        try add("web-0")
        #expect(await refusal(except: "own")?.contains("in use by web-0") == true)
        #expect(await refusal(except: "gone")?.contains("was removed") == true)
    }

    @Test(arguments: [("present", nil), ("forbidden", nil), ("absent", "absent")] as [(String, String?)])
    func `only a namespace that the cluster surely does not have is missing`(name: String, missing: String?) async {
        #expect(await kubectl.missingNamespace(name) == missing)
    }
}
