import Documents
import Foundation
import Lab
import Platform
import Synchronization
import Testing

@testable import Kubernetes
@testable import RecoveryPlan

@Suite struct VeleroActionTests {
    // MARK: States

    @Test(arguments: [
        ("{}", "running New"),
        (
            "{\"phase\":\"InProgress\",\"progress\":{\"totalItems\":9,\"itemsRestored\":3}}",
            "running InProgress, 3 of 9 items"
        ),
        (
            "{\"phase\":\"WaitingForPluginOperationsPartiallyFailed\",\"errors\":1}",
            "running WaitingForPluginOperationsPartiallyFailed, 1 error"
        ),
        ("{\"phase\":\"FinalizingPartiallyFailed\"}", "running FinalizingPartiallyFailed"),
        (
            "{\"phase\":\"Completed\",\"warnings\":2}",
            "completed Velero restored 'r' of backup 'b': Completed, 2 warnings"
        ),
        ("{\"phase\":\"PartiallyFailed\",\"errors\":2,\"warnings\":1}", "failed PartiallyFailed, 2 errors, 1 warning"),
        ("{\"phase\":\"Failed\",\"failureReason\":\"no backup\"}", "failed Failed, no backup"),
        (
            "{\"phase\":\"FailedValidation\",\"validationErrors\":[\"a\",\"b\\n\"]}",
            "failed FailedValidation, a; b\\n"
        ),
        ("{\"phase\":7,\"progress\":[],\"errors\":\"x\"}", "running New"),
    ]) func `each phase of Velero ends or continues the wait`(_ status: String, _ text: String) throws {
        let state = VeleroRestore.State([
            "metadata": ["name": "r"], "spec": ["backupName": "b"], "status": try JSONValue(parsing: status),
        ])
        let words =
            switch state {
            case .running(let text): "running \(text)"
            case .completed(let text): "completed \(text)"
            case .failed(let text): "failed \(text)"
            }
        #expect(words == text)
    }

    // MARK: Syntax

    @Test(
        arguments: [
            ("{restore: r, within: 10m, namespace: v}", nil), ("{within: 10m}", "restore"), ("{restore: -f}", "'-f'"),
            ("{restore: r, context: --server=x}", "'context' must not begin with '-'"),
            ("{restore: r, namespace: 'a b'}", "'a b'"),
        ] as [(String, String?)]) func `names that kubectl would take for options are refused`(
            _ text: String, _ complaint: String?
        ) throws
    {
        var reader = Reader(file: "plan", folder: "/")
        let action = VeleroAction.shape.read(try YAMLDocument(text, file: "plan", folder: "/").root, &reader)
        if let complaint {
            #expect("\(reader.error)".contains(complaint), "\(reader.error)")
        } else {
            #expect(action?.restore == "r" && action?.changesNothing == true)
        }
    }

    // MARK: With the real kubectl

    @Test(
        .enabled(if: LabTool.isInstalled("kubectl")),
        arguments: [
            ("{\"phase\":\"Completed\",\"progress\":{\"totalItems\":4,\"itemsRestored\":4}}", nil),
            ("{\"phase\":\"PartiallyFailed\",\"errors\":3}", "PartiallyFailed, 3 errors"),
            ("{\"phase\":\"InProgress\"}", "it did not end within"),
        ] as [(String, String?)]) func `the step ends as Velero's restore does`(_ end: String, _ failure: String?)
        async throws
    {
        let standIn = try await KubernetesStandIn()
        let folder = try TemporaryFolder("velero")
        let kubeconfig = folder.url.appending(path: "kubeconfig")
        try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        for text in [
            Self.definition, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"velero\"}}",
        ] {
            let object = try JSONValue(parsing: text)
            standIn.with { $0.set(object) }
        }
        func restore(_ status: String) async throws {
            let object: JSONValue = [
                "apiVersion": "velero.io/v1", "kind": "Restore", "metadata": ["name": "r", "namespace": "velero"],
                "spec": ["backupName": "b"], "status": try JSONValue(parsing: status),
            ]
            // The server serves the type soon after its definition.
            try await Patience.wait(until: "the restore exists") {
                standIn.with { $0.set(object) }
                return standIn.with { $0.object("Restore", "r", in: "velero") } != nil
            }
        }
        let stage = ActionStage()
        let context = stage.context(environment: [
            "PATH": "\(kubectl):/usr/bin:/bin", "HOME": folder.path, "KUBECONFIG": kubeconfig.path,
            "NO_PROXY": "127.0.0.1",
        ])
        let within = failure?.contains("within") == true ? "4s" : "1m"
        let action = try ActionStage.action("velero: {restore: r, context: lab, within: \(within)}")
        #expect(try await action.preview(in: context).lines.first?.contains("restores.velero.io/r") == true)
        async let result = action.perform(in: context)
        // The restore does not exist when the step begins.
        try await Patience.wait(until: "the step waits") { Self.hasTold("does not exist", stage) }
        try await restore("{\"phase\":\"InProgress\",\"progress\":{\"totalItems\":4,\"itemsRestored\":1}}")
        try await Patience.wait(until: "the step reports progress") { Self.hasTold("1 of 4 items", stage) }
        try await restore(end)
        do {
            let record = try await result
            #expect(failure == nil)
            #expect(record.summary == "Velero restored 'r' of backup 'b': Completed, 4 of 4 items")
        } catch let error as ActionError {
            #expect(error.detail.contains(failure ?? "no failure"), "\(error)")
            #expect(error.reason == (within == "4s" ? .notSo : .hopeless))
            #expect(error.hint?.contains("velero restore logs r") == true)
        }
    }

    private static func hasTold(_ words: String, _ stage: ActionStage) -> Bool {
        stage.state.withLock { $0.messages.contains { $0.contains(words) } }
    }

    private static let definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"restores.velero.io"},
        "spec":{"group":"velero.io","scope":"Namespaced","names":{"plural":"restores","singular":"restore","kind":"Restore"},
        "versions":[{"name":"v1","served":true,"storage":true}]}}
        """
}
