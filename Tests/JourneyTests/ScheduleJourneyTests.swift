import Foundation
import Lab
import Testing

/// `dr schedule` as a user runs it.
@Suite struct ScheduleJourneyTests {
    @Test(arguments: [
        ["--systemd"], ["--cron"], ["--kubernetes", "--image", "registry.example/dr:1", "--namespace", "watch"],
    ])
    func `installed once it is there, again it changes nothing, and a change is seen`(_ form: [String]) async throws {
        let journey = try await Journey(initialize: false)
        let install = ["schedule", "install", "--directory", "units"] + form
        let folder = journey.folder.url.appending(path: "units")
        let dry = try await journey.dr(install + ["--dry-run"])
        #expect(dry.status == 0 && dry.output.contains("created\tunits/"), "\(dry.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        let first = try await journey.dr(install)
        #expect(first.status == 0 && first.output.contains("created\tunits/") && !first.output.contains("unchanged"))
        let again = try await journey.dr(install).output
        #expect(!again.contains("created") && !again.contains("updated") && !again.contains("next:"))
        let changed = try await journey.dr(install + ["--sample", "9"]).output
        #expect(changed.split(separator: "\n").count { $0.hasPrefix("updated") } == 1)
        let shown = try await journey.dr(["schedule", "show"] + form).output
        #expect(shown.contains("complete_cluster_loss") && shown.contains("read-data=5"))
    }

    @Test func `the units name this program, its configuration and the folders that it writes to`() async throws {
        let journey = try await Journey(extra: "metrics: {textfile: /srv/metrics/dr.prom}", initialize: false)
        let shown = try await journey.expect(0, "schedule", "show", "--systemd").output
        let root = journey.folder.path
        #expect(shown.contains("--config \(root)/dr.yaml") && shown.contains("/dr backup --quiet"))
        for path in ["\(root)/state", "\(root)/repository", "/srv/metrics"] { #expect(shown.contains("-\(path)")) }
        try await journey.expect(2, "schedule", "install", "--kubernetes")
        try await journey.expect(2, "schedule", "show", "--systemd", "--cron")
    }
}
