import Foundation
import Lab
import Operations
import Testing

@Suite struct SchedulePlanTests {
    @Test func `a timer's service may write to the store, the state and the data of Prometheus`() async throws {
        let fixture = try await StackFixture(components: [
            "metrics: {kind: prometheus, url: \"http://127.0.0.1:1\", data: /srv/metrics}"
        ])
        let files = SchedulePlan(.systemd).files(fixture.session)
        let service = try #require(files.first { $0.name.contains("backup") && $0.name.hasSuffix(".service") })
        for path in ["\(fixture.folder.path)/repository", "\(fixture.folder.path)/state", "/srv/metrics"] {
            #expect(service.content.contains(path))
        }
        #expect(!service.content.contains(fixture.data.path))
        #expect(service.content.contains("\(fixture.folder.path)/dr.yaml"))
    }

    @Test func `a schedule for a cluster is the kustomization of its manifests`() async throws {
        let fixture = try await StackFixture()
        var plan = SchedulePlan(.kubernetes)
        var (settings, remarks) = try ClusterSettings.of(fixture.session)
        settings.image = "registry.example/dr:1"
        settings.namespace = "backups"
        plan.cluster = settings
        let files = plan.files(fixture.session)
        #expect(files == ClusterManifests(settings).files(.kustomize))
        let text = files.map(\.content).joined(separator: "\n")
        #expect(text.contains("registry.example/dr:1") && text.contains("namespace: \"backups\""))
        #expect(text.contains("\(fixture.folder.path)/repository"))
        // Its data are on this machine only.
        #expect(!text.contains("mountPath: \"\(fixture.data.path)\"") && remarks.contains { $0.contains("'tree'") })
    }

    @Test(
        arguments: [(.systemd, "/etc/systemd/system"), (.cron, "/etc/cron.d"), (.kubernetes, nil)]
            as [(SchedulePlan.Form, String?)])
    func `each form has its folder`(_ form: SchedulePlan.Form, _ folder: String?) {
        #expect(SchedulePlan(form).usualFolder == folder)
    }
}
