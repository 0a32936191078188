import ArgumentParser
import Foundation
import Lab

/// The whole road in one go: a living stack is backed up, destroyed, restored, and asked the same questions again.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Back up a living monitoring stack, destroy it, restore it, and compare its answers.")

    @Flag(name: .long, help: "Keep the backups in a real S3 server instead of a directory.")
    var s3 = false

    @Flag(name: .long, help: "Drill the recovery beside the living stack, instead of destroying that.")
    var drill = false

    @Option(name: .long, help: "Where to leave the drill's report; with the stage it goes when left out.")
    var report: String?

    @Option(name: .long, help: "The dr to show; by default the one beside this program.")
    var dr: String?

    func run() async throws {
        let folder = try TemporaryFolder("demo")
        let stage = try DemoStage(folder: folder, dr: dr)

        stage.say("A monitoring stack")
        let grafana = try await DemoGrafana()
        grafana.setSecrets(on: stage)
        let components: [any DemoComponent] = [
            try await DemoPrometheus(in: folder.url),
            grafana,
            try await DemoLoki(in: folder.url),
            try await DemoJaeger(in: folder.url),
            try await DemoConfigurationRepository(in: folder.url),
        ]
        for component in components { stage.tell("\(component.name): \(component.about)") }
        try stage.writeConfiguration(
            store: s3 ? try await stage.startS3() : "file://\(folder.path)/repository", components)

        stage.say("A first backup, then another right away: only what is new is stored")
        try await stage.dr("init")
        try await stage.dr("backup")
        try await stage.dr("backup")
        try await stage.dr("list")

        stage.say("Is it all there, byte for byte?")
        try await stage.dr("verify", "--read-data")

        if drill { return try await drill(on: stage, components) }

        stage.say("Questions for later: asked of the living stack, about what is in the backup")
        let watermarks = try await stage.watermarks()
        var before: [String: [String: String]] = [:]
        for component in components {
            let answers = try await component.answers(watermark: watermarks[component.name])
            before[component.name] = answers
            stage.tell("\(component.name): \(answers.count) answered")
        }

        stage.say("Disaster: the servers are killed and their data are gone")
        for component in components { try await component.destroy() }

        stage.say("Recovery, by the plan and against the clock: first a look, then the real thing")
        let control = try await DemoControl(components)
        let parameters = parameters(control, folder)
        try await stage.dr(["restore", "--scenario", "complete_cluster_loss", "--dry-run"] + parameters, showing: 4)
        try await stage.dr(["restore", "--scenario", "complete_cluster_loss", "--yes"] + parameters)
        try await stage.dr("check", "data_equality", "sentinels", "--set", "latest")
        try await stage.dr("report", showing: 5)
        await control.stop()

        stage.say("Proof")
        var compared = 0
        var differing = 0
        for component in components {
            let questions = before[component.name] ?? [:]
            let after = try await component.answers(watermark: watermarks[component.name])
            let different = questions.filter { after[$0.key] != $0.value }.keys.sorted()
            for question in different { stage.tell("differs: \(component.name): \(question)") }
            compared += questions.count
            differing += different.count
            stage.tell("\(component.name): \(questions.count) compared, \(different.count) differ")
        }
        for component in components { await component.stop() }
        if let account = ServerAccount.unprivileged {
            stage.say("Backup and restore without root: Prometheus and dr both run as user \(account.name)")
            let outcome = try await DemoOrdinaryUser(account, on: stage).run()
            stage.tell("\(outcome.compared) compared, \(outcome.differing) differ")
            compared += outcome.compared
            differing += outcome.differing
        }
        stage.end()
        print("\(compared) queries compared, \(differing) differ")
        guard differing == 0, before.values.allSatisfy({ $0.values.contains { !$0.isEmpty } }) else {
            throw ExitCode(4)
        }
    }

    /// How this stack's servers are started, where a host has systemctl.
    private func parameters(_ control: DemoControl, _ folder: TemporaryFolder) -> [String] {
        [
            "stop_prometheus=[]", "stop_loki=[]", "start_prometheus=\(control.start("prometheus"))",
            "start_loki=\(control.start("loki"))", "start_grafana=\(control.start("grafana"))",
            "start_elasticsearch=\(control.start("jaeger"))", "checkout=\(folder.path)/configuration",
        ].flatMap { ["--set", $0] }
    }

    private func drill(on stage: DemoStage, _ components: [any DemoComponent]) async throws {
        stage.say("A drill: the same recovery in a place of its own, then once more with something damaged on purpose")
        try await stage.dr("drill", "--scenario", "complete_cluster_loss")
        stage.say("The report is what its journal says, and says so to anybody")
        let place = report.map { ["--to", URL(filePath: $0).absoluteURL.path] } ?? []
        let run = try await stage.dr(["report"] + place, showing: 5)
        guard let page = run.output.firstMatch(of: #/wrote (\S+\.html)/#)?.1 else {
            throw LabError("there is no report")
        }
        try await stage.dr("report", "verify", String(page))
        stage.say("The next recovery, by what is known now")
        try await stage.dr("plan", "show", "complete_cluster_loss", showing: 12)
        for component in components { await component.stop() }
        stage.end()
    }
}
