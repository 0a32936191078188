import Documents
import Foundation
import Kubernetes
import Mover
import Platform
import Synchronization
import Testing

@testable import Operations

@Suite struct MoverWaitTests {
    private let site: ScriptedKubectl

    /// A program in place of kubectl that knows one pod, and refuses requests with the text of a file.
    init() async throws {
        site = try await ScriptedKubectl(
            """
            *) if [ -e refusal ]; then cat refusal >&2; exit 1; fi
              case "$*" in
              *" get pod "*|*" get pod/"*) cat pod.json 2>/dev/null || : ;;
              *" get events "*) cat events.json 2>/dev/null || echo '{"items": []}' ;;
              *" get persistentvolumeclaims "*) echo '{"items": [{"metadata": {"name": "data"}, "status": {"phase": "Bound"}}]}' ;;
              esac ;;
            """)
    }

    private func wait(
        within: Period = .seconds(1), denial: Duration = .milliseconds(300), node: Duration = .milliseconds(300)
    ) -> MoverWait {
        var wait = MoverWait(name: "m", kubectl: site.kubectl, within: within, tell: { _ in })
        (wait.denialPatience, wait.nodePatience) = (denial, node)
        return wait
    }

    private func outage(_ seconds: Double, words: String = "") -> MoverOutage {
        MoverOutage(duration: .seconds(seconds), words: words)
    }

    /// A pod on the node `n2` whose container runs.
    private func pod(
        phase: JSONValue = "Running", ready: JSONValue = "True", state: JSONValue = ["running": [:]],
        deleted: Bool = false
    ) throws {
        var metadata: JSONValue = ["name": "m"]
        if deleted { metadata["deletionTimestamp"] = "2026-11-23T01:00:00Z" }
        let pod: JSONValue = [
            "kind": "Pod", "metadata": metadata,
            "spec": ["nodeName": "n2", "volumes": [["persistentVolumeClaim": ["claimName": "data"]]]],
            "status": [
                "phase": phase, "conditions": [["type": "Ready", "status": ready]],
                "containerStatuses": [["name": "mover", "ready": .bool(state["running"] != nil), "state": state]],
            ],
        ]
        try site.write("pod.json", pod.compact)
    }

    private func start(_ wait: MoverWait) async -> String? {
        do {
            try await wait.untilRunning { _ in }
            return nil
        } catch { return "\(error)" }
    }

    // MARK: The start

    @Test func `a mover that does not start is explained by its newest event`() async throws {
        try pod(phase: "Pending", ready: "False", state: ["waiting": ["reason": "ContainerCreating"]])
        let events: [JSONValue] = [
            ("1", "FailedMount", "old"), ("2", "FailedAttachVolume", "Multi-Attach error\nfor volume"),
        ].map {
            [
                "type": "Warning", "reason": .string($0.1), "message": .string($0.2),
                "lastTimestamp": .string("2026-11-23T01:00:0\($0.0)Z"), "involvedObject": ["kind": "Pod", "name": "m"],
            ]
        }
        try site.write("events.json", (["items": .array(events)] as JSONValue).compact)
        let failure = await start(wait())
        #expect(failure?.contains("did not start within") == true, "\(failure ?? "none")")
        #expect(failure?.contains("pod m: Multi-Attach error for volume (FailedAttachVolume)") == true)
    }

    @Test func `a mover whose kubelet is silent is explained by its node`() async throws {
        try site.write(
            "pod.json",
            ([
                "kind": "Pod", "metadata": ["name": "m"], "spec": ["nodeName": "n2"],
                "status": ["phase": "Pending", "conditions": [["type": "PodScheduled", "status": "True"]]],
            ] as JSONValue).compact)
        let failure = await start(wait())
        #expect(failure?.contains("the kubelet of 'n2' has not reported it") == true, "\(failure ?? "none")")
    }

    @Test func `a mover that ends at once is explained by its status`() async throws {
        try pod(phase: "Failed", state: ["terminated": ["exitCode": 3, "reason": "Error", "message": "no socket"]])
        let failure = await start(wait())
        #expect(failure?.contains("Error, exit code 3: no socket") == true, "\(failure ?? "none")")
    }

    @Test func `credentials that are renewed while a mover starts cost nothing`() async throws {
        try pod()
        try site.write("refusal", "error: You must be logged in to the server (Unauthorized)\n".utf8)
        let site = site
        let renewal = Task {
            try await Task.sleep(for: .milliseconds(400))
            try site.remove("refusal")
        }
        #expect(await start(wait(denial: .seconds(20))) == nil)
        try await renewal.value
    }

    @Test(arguments: [
        "error: You must be logged in to the server (Unauthorized)",
        #"Error from server (Forbidden): pods "m" is forbidden: User "u" cannot get resource "pods""#,
    ])
    func `credentials that stay refused while a mover starts are an error`(_ text: String) async throws {
        try site.write("refusal", "\(text)\n".utf8)
        let failure = await start(wait(within: .minutes(5)))
        #expect(failure?.contains(text.replacing("error: ", with: "")) == true, "\(failure ?? "none")")
    }

    // MARK: The end

    @Test func `a mover that runs on a node that answers is not lost`() async throws {
        try pod()
        #expect(await wait().death(outage(100)) == nil)
    }

    @Test func `a deleted mover is lost at once, and its node is named once it is known`() async throws {
        let wait = wait()
        try pod()
        #expect(await wait.death(outage(1)) == nil)
        try pod(deleted: true)
        #expect(await wait.death(outage(1)) == "the mover pod 'm' on node 'n2' is being deleted")
        try site.remove("pod.json")
        #expect(await wait.death(outage(1)) == "the mover pod 'm' on node 'n2' was deleted")
    }

    @Test func `an API server that does not answer says nothing about the mover`() async throws {
        try site.write("refusal", "The connection to the server 127.0.0.1 was refused\n".utf8)
        let wait = wait(denial: .zero, node: .zero)
        #expect(await wait.death(outage(100)) == nil)
        #expect(await wait.death(outage(100)) == nil)
    }

    @Test func `a node that stays silent is lost, and one that comes back is not`() async throws {
        let wait = wait()
        try pod(ready: "False")
        #expect(await wait.death(outage(100)) == nil)
        try await Task.sleep(for: .milliseconds(350))
        try pod()
        #expect(await wait.death(outage(100)) == nil)
        try pod(ready: "False")
        #expect(await wait.death(outage(100)) == nil)
        try await Task.sleep(for: .milliseconds(350))
        let reason = await wait.death(outage(100))
        #expect(reason == "the node 'n2' of the mover pod 'm' does not report any more")
    }

    @Test func `the silence of a node in an earlier outage does not count`() async throws {
        let wait = wait()
        try pod(ready: "False")
        #expect(await wait.death(outage(100)) == nil)
        try await Task.sleep(for: .milliseconds(350))
        // The mover was attached in between.
        #expect(await wait.death(outage(0.1)) == nil)
    }

    @Test func `an evicted mover of a silent node is lost at once`() async throws {
        try pod(ready: "False", deleted: true)
        let reason = await wait().death(outage(1))
        #expect(reason == "the mover pod 'm' on node 'n2' is being deleted, and its node does not report")
    }

    @Test(arguments: [
        ("error: You must be logged in to the server (Unauthorized)", "no longer accepts the credentials"),
        (#"Error from server (Forbidden): pods "m" is forbidden: User "u" cannot get"#, "no longer permits"),
    ])
    func `credentials that stay refused end the work, for requests and for attaching`(
        _ text: String, _ reason: String
    ) async throws {
        try pod()
        let attaching = wait()
        #expect(await attaching.death(outage(100, words: text)) == nil)
        try await Task.sleep(for: .milliseconds(350))
        #expect(await attaching.death(outage(100, words: text))?.contains(reason) == true)
        try site.write("refusal", "\(text)\n".utf8)
        let reading = wait()
        #expect(await reading.death(outage(100)) == nil)
        try await Task.sleep(for: .milliseconds(350))
        #expect(await reading.death(outage(100))?.contains(reason) == true)
    }

    @Test func `credentials that are renewed do not end the work`() async throws {
        try pod()
        let wait = wait()
        #expect(await wait.death(outage(100, words: "(Unauthorized)")) == nil)
        try await Task.sleep(for: .milliseconds(350))
        #expect(await wait.death(outage(100, words: "the connection was cut")) == nil)
        #expect(await wait.death(outage(100, words: "(Unauthorized)")) == nil)
    }
}
