import Documents
import Testing

@testable import Kubernetes

@Suite struct KubectlFailureTests {
    /// kubectl's own log once hid the cause.
    @Test func `lines of kubectl's log are left out of the message`() {
        let errors = """
            E1128 12:00:01.123456    4242 memcache.go:381] "Unhandled Error" err="couldn't get current server API group list"
            E1128 12:00:01.123456    4242 memcache.go:381] "Unhandled Error" err="couldn't get current server API group list"
            The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?
            """
        let error = KubectlFailure.error("kubectl get x", status: 1, errors: errors)
        #expect(
            error.detail
                == "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?")
        #expect(error.isUnreachable)
    }

    @Test(arguments: [
        (
            #"Error from server (Forbidden): pods "a" is forbidden: exceeded quota: compute"#,
            KubernetesError.Reason.failed, false
        ),
        (#"Error from server (Forbidden): pods is forbidden: User "x" cannot list"#, .hopeless, false),
        ("error: You must be logged in to the server (Unauthorized)", .hopeless, false),
        ("Unable to connect to the server: net/http: TLS handshake timeout", .failed, true),
        ("Unable to connect to the server: EOF", .failed, true),
        ("Error from server (ServiceUnavailable): apiserver not ready", .failed, true),
        (
            #"Error from server (InternalError): failed calling webhook "w": Post "https://w": connection refused"#,
            .failed, false
        ),
        (#"error: context "x" does not exist"#, .hopeless, false),
    ])
    func `an error tells whether a later request may succeed`(
        _ text: String, _ reason: KubernetesError.Reason, isUnreachable: Bool
    ) {
        let error = KubectlFailure.error("kubectl get x", status: 1, errors: text)
        #expect(error.reason == reason && error.isUnreachable == isUnreachable)
    }
}

extension KubectlFailureTests {
    @Test(arguments: [
        (nil, "is this the right cluster? name it with `context`"),
        ("production", "is the cluster of the context 'production' running, and its address in the kubeconfig right?"),
    ])
    func `the hint does not ask for a context that is given`(context: String?, hint: String) {
        let error = KubectlFailure.error(
            "kubectl get x", context: context, status: 1,
            errors: "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?")
        #expect(error.hint == hint)
    }
}

@Suite struct QuotaHeadroomTests {
    @Test(arguments: [("500m", 0.5), ("1.5Gi", 1_610_612_736), ("3", 3), ("1e3", 1000), ("2k", 2000)])
    func `quantities are read`(_ text: String, _ value: Double) { #expect(Quantity(text)?.value == value) }

    @Test(arguments: ["", "x", "1Qi", "nan", "-"]) func `other texts are not quantities`(_ text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func `requests of containers and claims are compared`() throws {
        let documents = try #require(
            JSONValue.documents(
                ofYAML: """
                    kind: StatefulSet
                    spec:
                      replicas: 2
                      volumeClaimTemplates: [{spec: {resources: {requests: {storage: 10Gi}}}}]
                      template: {spec: {containers: [{resources: {requests: {cpu: 500m, memory: 1Gi}}}]}}
                    """))
        let quota: JSONValue = [
            "metadata": ["name": "q"],
            "status": [
                "hard": ["requests.storage": "15Gi", "cpu": "2", "requests.memory": "4Gi"],
                "used": ["cpu": "1500m", "requests.memory": "1Gi"],
            ],
        ]
        #expect(
            QuotaHeadroom(quotas: [quota], documents: documents).shortages == [
                "the quota 'q' allows 2 of cpu, 1500m are used, and the new objects need 1",
                "the quota 'q' allows 15Gi of requests.storage, 0 are used, and the new objects need 20Gi",
            ])
    }
}

@Suite struct LabelSelectorTests {
    @Test func `labels and expressions become one selector`() {
        let selector: JSONValue = [
            "matchLabels": ["app": "a"],
            "matchExpressions": [
                ["key": "tier", "operator": "In", "values": ["x", "y"]], ["key": "old", "operator": "DoesNotExist"],
            ],
        ]
        #expect(LabelSelector(selector)?.text == "!old,app=a,tier in (x,y)")
        #expect(LabelSelector([:]) == nil && LabelSelector(nil) == nil)
    }
}
