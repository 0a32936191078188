import Foundation
import Lab
import Testing

/// Runs a plan with the configuration that a backup set holds, on a machine without one.
@Suite struct RecoverPlanFromNothingTests {
    private static let plan = """
        # The old token was plan-comment-secret.
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        parameters: {mark: {value: unmarked}}
        steps:
          - {id: tree, restore: tree, timeout: 5m}
          - {id: mark, run: [sh, -c, "echo \\"$DR_PARAM_MARK\\" > ran"], needs: [tree], timeout: 1m}

        """

    private static let extra = """
        # The old password was configuration-comment-secret.
        notifications: {slack: [{url: {env: SLACK_URL_OF_OPS}}]}
        drill: {parameters: {admin_password: literal-secret, page: "https://user:url-secret@host/x?token=query-secret"}}
        """

    /// A file with what differs on the new machine.
    private func overlay(_ machine: TemporaryFolder, _ more: String = "") throws {
        try Data("state: \(machine.path)/state\n\(more)".utf8).write(to: machine.url.appending(path: "overlay.yaml"))
    }

    @Test(arguments: [false, true])
    func `a plan runs from the store alone`(isBucket: Bool) async throws {
        let host = try await LostHost.make(
            s3: isBucket ? try await SharedS3Server.seaweedFS() : nil, extra: Self.extra,
            plans: ["loss.yaml": Self.plan],
            environment: ["SLACK_URL_OF_OPS": "https://127.0.0.1:1/slack-secret"])
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        try overlay(machine)
        let run = try await host.onNewMachine(
            "dr restore \(host.options) --scenario loss --param mark=marked --config-overlay overlay.yaml --yes",
            in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.errors.contains("missing: notifications.slack.url: environment variable 'SLACK_URL_OF_OPS'"))
        let restored = host.journey.data.appending(path: "one/alerts")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "first\n")
        // The folder of the lost dr.yaml still exists in this test, so programs run there.
        let ran = host.journey.folder.url.appending(path: "ran")
        #expect(try String(contentsOf: ran, encoding: .utf8) == "marked\n")
    }

    @Test func `the commands of the page run the plan`() async throws {
        let host = try await LostHost.make(plans: ["loss.yaml": Self.plan])
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        try Data("state: \(machine.path)/state\n".utf8).write(to: machine.url.appending(path: "here.yaml"))
        let blocks = try DocumentedCommands.blocks(of: "recover-from-nothing.md")
        let kit = "STORE=\(host.store) KEY=\(host.kit.path)/recovery.key TRUST=\(host.fingerprint)"
        let plan = try #require(blocks["plan"]).replacing("--dry-run", with: "--dry-run --config-overlay here.yaml")
        let steps = [kit, plan, try #require(blocks["configuration"]), try #require(blocks["overlay"]) + " --yes"]
        let run = try await host.onNewMachine(
            steps.joined(separator: "\n").replacing("complete_cluster_loss", with: "loss"), in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("nothing was changed") && run.output.contains("recovered and validated"))
        for path in ["recovered-configuration/dr.yaml", "recovered-configuration/plans/loss.yaml"] {
            #expect(FileManager.default.fileExists(atPath: machine.url.appending(path: path).path), "\(path)")
        }
        let restored = host.journey.data.appending(path: "one/alerts")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "first\n")
    }

    @Test func `the overlay moves a component`() async throws {
        let host = try await LostHost.make(plans: ["loss.yaml": Self.plan])
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        try overlay(machine, "components: {tree: {data: \(machine.path)/moved}, other: null}\n")
        let run = try await host.onNewMachine(
            "dr restore \(host.options) --scenario loss --config-overlay overlay.yaml --yes", in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(FileManager.default.fileExists(atPath: machine.url.appending(path: "moved/alerts").path))
        #expect(!FileManager.default.fileExists(atPath: host.journey.data.path))
        try overlay(machine, "store: {region: x}\n")
        let refused = try await host.onNewMachine(
            "dr restore \(host.options) --scenario loss --config-overlay overlay.yaml --yes", in: machine)
        #expect(refused.status != 0 && refused.errors.contains("'store' cannot be replaced"), "\(refused.errors)")
    }

    @Test func `a missing secret of a component is named before anything is changed`() async throws {
        let password = "{env: GRAFANA_PASSWORD_OF_STACK}"
        let host = try await LostHost.make(plans: ["loss.yaml": Self.plan])
        let file = host.journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing(
            "{tree:",
            with: "{board: {kind: grafana, url: \"http://127.0.0.1:1\", username: a, password: \(password)}, tree:")
        try Data(text.utf8).write(to: file)
        try await host.journey.expect(0, "backup", "--component", "tree", "--component", "other")
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        try overlay(machine)
        let command = "dr restore \(host.options) --scenario loss --config-overlay overlay.yaml"
        let refused = try await host.onNewMachine("\(command) --yes", in: machine)
        #expect(refused.status == 2, "\(refused.output)\n\(refused.errors)")
        #expect(
            refused.errors.contains("components.board.password: environment variable 'GRAFANA_PASSWORD_OF_STACK'"))
        #expect(!FileManager.default.fileExists(atPath: host.journey.data.path))
        let preview = try await host.onNewMachine("\(command) --dry-run", in: machine)
        #expect(preview.status == 0 && preview.errors.contains("components.board.password"), "\(preview.errors)")
        let given = try await host.onNewMachine("GRAFANA_PASSWORD_OF_STACK=x \(command) --yes", in: machine)
        #expect(given.status == 0, "\(given.output)\n\(given.errors)")
    }

    @Test func `the recorded configuration and plans hold no literal secret`() async throws {
        let host = try await LostHost.make(
            extra: Self.extra, plans: ["loss.yaml": Self.plan],
            environment: ["SLACK_URL_OF_OPS": "https://127.0.0.1:1/slack-secret"])
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        let run = try await host.onNewMachine(
            "dr restore \(host.options) --configuration --to conf --json && cat conf/dr.yaml conf/plans/loss.yaml >&2",
            in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        for secret in ["comment-secret", "literal-secret", "url-secret", "query-secret", "slack-secret"] {
            #expect(!run.errors.contains(secret), "\(secret): \(run.errors)")
        }
        #expect(
            run.errors.contains("env: SLACK_URL_OF_OPS") && run.errors.contains("https://host/x?token=removed-by-dr"))
        #expect(run.output.contains("drill.parameters.admin_password"))
        let objections = try await host.journey.objections(
            to: Data(run.output.utf8), schema: "output.schema.json", "restoreConfiguration")
        #expect(objections == "")
        let mode =
            try FileManager.default.attributesOfItem(
                atPath: machine.url.appending(path: "conf/dr.yaml").path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let again = try await host.onNewMachine("dr restore \(host.options) --configuration --to conf", in: machine)
        #expect(again.status != 0 && again.errors.contains("--replace"), "\(again.errors)")
        // The files are a working configuration.
        let list = try await host.onNewMachine("cd conf && dr plan list", in: machine)
        #expect(list.status == 0 && list.output.contains("loss"), "\(list.errors)")
    }

    @Test func `a plan of an unproved store needs consent`() async throws {
        let host = try await LostHost.make(plans: ["loss.yaml": Self.plan])
        try host.destroy()
        let sets = host.journey.repository.appending(path: "sets")
        for name in try FileManager.default.contentsOfDirectory(atPath: sets.path) where name.hasSuffix(".p7s") {
            try FileManager.default.removeItem(at: sets.appending(path: name))
        }
        let machine = try TemporaryFolder("new-machine")
        try overlay(machine)
        let command =
            "dr restore --store \(host.store) --recovery-key \(host.kit.path)/recovery.key --scenario loss --yes "
            + "--config-overlay overlay.yaml"
        let refused = try await host.onNewMachine(command, in: machine)
        #expect(refused.status == 2 && refused.errors.contains("they can name any program"), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: host.journey.data.path))
        let unsigned = try await host.onNewMachine("\(command) --trust \(host.fingerprint)", in: machine)
        #expect(unsigned.status == 7 && unsigned.errors.contains("it is not signed"), "\(unsigned.errors)")
        let consent = try await host.onNewMachine("\(command) --allow-unsigned-plan", in: machine)
        #expect(consent.status == 0, "\(consent.output)\n\(consent.errors)")
    }

    @Test func `a wrong address never leads to a new repository`() async throws {
        let machine = try TemporaryFolder("new-machine")
        let host = try await LostHost.make()
        for address in ["\(host.store)x", "file://\(host.kit.path)"] {
            let run = try await host.onNewMachine("dr restore --store \(address) --all --to out", in: machine)
            #expect(run.status == 1 && !run.errors.contains("dr init"), "\(run.errors)")
            #expect(run.errors.contains("check the address"))
        }
        let older = try await host.onNewMachine("dr show 20990101T000000Z \(host.options)", in: machine)
        #expect(older.status == 0 && older.errors.contains("there is no set 20990101T000000Z"), "\(older.errors)")
    }

    @Test(arguments: ["fingerprint", "key"])
    func `the wrong kit changes nothing`(wrong: String) async throws {
        let host = try await LostHost.make(plans: ["loss.yaml": Self.plan])
        try host.destroy()
        let machine = try TemporaryFolder("new-machine")
        try overlay(machine)
        let options =
            wrong == "key"
            ? host.options.replacing("recovery.key", with: "signing.key")
            : host.options.replacing(host.fingerprint, with: String(repeating: "ab", count: 32))
        let run = try await host.onNewMachine(
            "dr restore \(options) --scenario loss --config-overlay overlay.yaml --yes", in: machine)
        #expect(run.status != 0, "\(run.output)\n\(run.errors)")
        let restored = host.journey.data.appending(path: "one/alerts")
        #expect(!FileManager.default.fileExists(atPath: restored.path))
    }
}
