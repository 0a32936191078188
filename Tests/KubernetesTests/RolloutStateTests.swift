import Documents
import Testing

@testable import Kubernetes

@Suite struct RolloutStateTests {
    private static func workload(_ kind: String, spec: JSONValue, status: JSONValue) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": .string(kind), "metadata": ["generation": 2], "spec": spec,
            "status": status.adding(["observedGeneration": status["observedGeneration"] ?? 2]),
        ]
    }

    @Test(arguments: [
        (
            "Deployment", #"{"replicas": 2}"#, #"{"observedGeneration": 1}"#,
            "its controller has not seen the change yet"
        ),
        (
            "Deployment", #"{"replicas": 2}"#, #"{"replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}"#,
            "1 of 2 replicas are updated"
        ),
        (
            "Deployment", #"{"replicas": 1}"#, #"{"replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}"#,
            "1 of 1 replicas are updated, 1 old still run"
        ),
        (
            "Deployment", #"{"replicas": 1}"#, #"{"replicas": 1, "updatedReplicas": 1, "availableReplicas": 0}"#,
            "0 of 1 replicas are ready"
        ),
        ("Deployment", #"{"replicas": 1}"#, #"{"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}"#, nil),
        ("Deployment", #"{"replicas": 0}"#, "{}", nil),
        (
            "StatefulSet", #"{"replicas": 1}"#,
            #"{"replicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}"#,
            "0 of 1 replicas are updated"
        ),
        (
            "StatefulSet", #"{"replicas": 1, "updateStrategy": {"type": "OnDelete"}}"#,
            #"{"replicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}"#, nil
        ),
        (
            "StatefulSet", #"{"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}"#,
            #"{"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}"#,
            nil
        ),
        (
            "StatefulSet", #"{"replicas": 1}"#, #"{"replicas": 3, "readyReplicas": 3}"#,
            "2 replicas too many still run"
        ),
        (
            "DaemonSet", "{}", #"{"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}"#,
            "1 of 2 pods are ready"
        ),
    ])
    func `the status shows the progress`(_ kind: String, _ spec: String, status: String, pending: String?) throws {
        let workload = Self.workload(kind, spec: try JSONValue(parsing: spec), status: try JSONValue(parsing: status))
        let state = try #require(RolloutState(workload))
        #expect(state.progress == pending.map { .pending($0) } ?? .complete)
    }

    @Test func `a progress deadline that passed ends the wait`() throws {
        let status = try JSONValue(
            parsing:
                #"{"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}"#)
        let state = RolloutState(Self.workload("Deployment", spec: ["replicas": 1], status: status))
        #expect(state?.progress == .failed("it exceeded its progress deadline, 0 of 1 replicas are updated"))
    }

    @Test func `old pods of the strategy OnDelete are a remark`() throws {
        let status = try JSONValue(
            parsing:
                #"{"replicas": 2, "readyReplicas": 2, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}"#
        )
        let spec: JSONValue = ["replicas": 2, "updateStrategy": ["type": "OnDelete"]]
        let state = RolloutState(Self.workload("StatefulSet", spec: spec, status: status))
        #expect(state?.remark == "1 of its pods run the old revision until they are deleted")
    }
}
