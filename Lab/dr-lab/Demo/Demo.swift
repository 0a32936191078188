import ArgumentParser
import Foundation
import Lab

/// Demonstrates a complete recovery: backs up a live stack, destroys it, restores it, and compares its query results.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Back up a live monitoring stack, destroy it, restore it, and compare its query results.")

    @Flag(name: .long, help: "Store the backups in a real S3 server instead of a directory.")
    var s3 = false

    @Flag(name: .long, help: "Run the stack in a laboratory Kubernetes cluster. Needs root.")
    var kubernetes = false

    @Flag(name: .long, help: "Run a drill beside the live stack instead of destroying the stack.")
    var drill = false

    @Option(name: .long, help: "Folder for the drill's report (default: a temporary folder).")
    var report: String?

    @Option(name: .long, help: "Path of the dr program (default: the one beside this program).")
    var dr: String?

    func run() async throws {
        let folder = try TemporaryFolder("demo")
        let stage = try DemoStage(folder: folder, dr: dr)
        if kubernetes {
            DemoGrafana.setSecrets(on: stage)
            return try await ClusterDemo.run(on: stage)
        }

        stage.say("Start a monitoring stack")
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

        stage.say("Take two backups: the second stores only new data")
        try await stage.dr("init")
        try await stage.dr("backup")
        try await stage.dr("backup")
        try await stage.dr("list")

        stage.say("Verify the backups byte for byte")
        try await stage.dr("verify", "--read-data")

        if drill { return try await drill(on: stage, components) }

        stage.say("Query the live stack for the data in the backup")
        let watermarks = try await stage.watermarks()
        var before: [String: [String: String]] = [:]
        for component in components {
            let answers = try await component.answers(watermark: watermarks[component.name])
            before[component.name] = answers
            stage.tell("\(component.name): \(answers.count) queries")
        }

        stage.say("Destroy the stack: kill the servers and delete their data")
        for component in components { try await component.destroy() }

        stage.say("Recover by the plan: first a dry run, then the timed recovery")
        let control = try await DemoControl(components)
        let parameters = parameters(control, folder)
        try await stage.dr(["restore", "--scenario", "complete_cluster_loss", "--dry-run"] + parameters, showing: 4)
        try await stage.dr(["restore", "--scenario", "complete_cluster_loss", "--yes"] + parameters)
        try await stage.dr("check", "data_equality", "canaries", "--at", "latest")
        try await stage.dr("report", showing: 5)
        await control.stop()

        stage.say("Compare the query results")
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
        for component in components { try await component.stop() }
        if let account = ServerAccount.unprivileged {
            stage.say("Back up and restore without root: Prometheus and dr run as user \(account.name)")
            let outcome = try await DemoOrdinaryUser(account, on: stage).run()
            stage.tell("\(outcome.compared) compared, \(outcome.differing) differ")
            compared += outcome.compared
            differing += outcome.differing
        }
        try await stage.end()
        print("\(compared) queries compared, \(differing) differ")
        guard differing == 0, before.values.allSatisfy({ $0.values.contains { !$0.isEmpty } }) else {
            throw ExitCode(4)
        }
    }

    /// Returns the plan parameters that start this stack's servers, in place of systemctl.
    private func parameters(_ control: DemoControl, _ folder: TemporaryFolder) -> [String] {
        [
            "stop_prometheus=[]", "stop_loki=[]", "start_prometheus=\(control.start("prometheus"))",
            "start_loki=\(control.start("loki"))", "start_grafana=\(control.start("grafana"))",
            "start_elasticsearch=\(control.start("jaeger"))", "checkout=\(folder.path)/configuration",
        ].flatMap { ["--param", $0] }
    }

    private func drill(on stage: DemoStage, _ components: [any DemoComponent]) async throws {
        stage.say("Run a drill: the same recovery in an isolated directory, then a control run with injected damage")
        try await stage.dr("drill", "--scenario", "complete_cluster_loss")
        stage.say("Write the report and verify it against its journal")
        let place = report.map { ["--to", URL(filePath: $0).absoluteURL.path] } ?? []
        let run = try await stage.dr(["report"] + place, showing: 5)
        guard let page = run.output.firstMatch(of: #/wrote (\S+\.html)/#)?.1 else {
            throw LabError("the drill wrote no report")
        }
        try await stage.dr("report", "verify", String(page))
        stage.say("Make the evidence of the period from the ledger of all runs, and check if the stack is ready")
        try await stage.dr("ledger")
        // A folder holds one pack: a second drill into the same report folder needs another.
        let pack = URL(filePath: String(page)).deletingLastPathComponent()
            .appending(path: "pack-\(Int(Date().timeIntervalSince1970))").path
        try await stage.dr("report", "pack", "--from", "1d", "--folder", pack, showing: 8)
        try await stage.dr("report", "verify", "\(pack)/pack.json", "--with-repository")
        // Amber is an answer too: the laboratory has data that no backup holds.
        try await stage.dr("ready", "complete_cluster_loss", accepting: [0, 4, 5])
        stage.say("Show the forecast for the next recovery")
        try await stage.dr("plan", "show", "complete_cluster_loss", showing: 12)
        for component in components { try await component.stop() }
        try await stage.end()
    }
}
