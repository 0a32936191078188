import ArgumentParser
import Foundation
import Lab

/// The whole road in one go: a living stack is backed up, destroyed, restored, and asked the same questions again.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Back up a living monitoring stack, destroy it, restore it, and compare its answers.")

    @Flag(name: .long, help: "Keep the backups in a real S3 server instead of a directory.")
    var s3 = false

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
            try await DemoJaeger(),
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

        stage.say("Recovery")
        let began = ContinuousClock.now
        for component in components { try await component.recover(on: stage) }
        let recovery = (ContinuousClock.now - began).formatted(
            .units(allowed: [.seconds], fractionalPart: .show(length: 1)))
        stage.tell("everything is back after \(recovery)")

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
        stage.end()
        print("\(compared) queries compared, \(differing) differ")
        guard differing == 0, before.values.allSatisfy({ $0.values.contains { !$0.isEmpty } }) else {
            throw ExitCode(4)
        }
    }
}
