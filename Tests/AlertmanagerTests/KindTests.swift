import BackupRepository
import Components
import Documents
import Foundation
import Lab
import Platform
import Testing

@testable import Alertmanager

/// The kind as the rest of the program uses it: settings, checks, recorded queries, drills.
@Suite struct KindTests {
    private static func component(_ url: String, facts: [String: String]? = nil) -> CheckedComponent {
        var settings = AlertmanagerComponent()
        settings.access.url = url
        let context = ComponentContext(
            name: "alerts", environment: [:], pool: AlertmanagerSite.pool, userAgent: "dr/test",
            now: AlertmanagerSite.now)
        var component = CheckedComponent(settings, context)
        component.facts = facts
        return component
    }

    private static func measure(_ name: String, _ component: CheckedComponent) throws -> Components.Measurement {
        let offered = try #require(AlertmanagerComponent.checks.first { $0.name == name })
        let settings = try #require(component.settings as? AlertmanagerComponent)
        return try offered.make(settings, component).measure()
    }

    // MARK: Checks

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `silences are counted against those of the set that have not ended`() async throws {
        let (site, empty) = (try await AlertmanagerSite(), try await AlertmanagerSite())
        try site.silence([Matcher("job", "a")], to: 120)
        try site.silence([Matcher("job", "b")], from: 30, to: 90)
        let facts = try await site.export().capture.facts
        #expect(AlertmanagerComponent.holdsAnything(facts, at: AlertmanagerSite.now()))
        #expect(try Self.measure("alertmanager_ready", Self.component(site.url)).verdict == .passed)
        let counted = try Self.measure("alertmanager_silences", Self.component(site.url, facts: facts))
        #expect(counted.verdict == .passed && counted.measured == "1 active, 1 pending")
        #expect(try Self.measure("alertmanager_silences", Self.component(empty.url, facts: facts)).verdict == .failed)
        #expect(try Self.measure("alertmanager_silences", Self.component(empty.url)).verdict == .passed)

        // The control run of a drill drops one.
        let droppable = try #require(AlertmanagerComponent.droppable)
        #expect(droppable.isHeld(facts, AlertmanagerSite.now()) && !droppable.isHeld([:], 0))
        let live = Self.component(site.url, facts: facts)
        try droppable.drop(try #require(live.settings as? AlertmanagerComponent), live.context)
        #expect(try Self.measure("alertmanager_silences", live).verdict == .failed)
        let none = Self.component(empty.url)
        #expect(throws: CheckFailure.self) {
            try droppable.drop(try #require(none.settings as? AlertmanagerComponent), none.context)
        }
        // A set whose silences have all ended does not require any on the server.
        let ended = [SilenceEnds.fact: "29000000:4"]
        #expect(try Self.measure("alertmanager_silences", Self.component(empty.url, facts: ended)).verdict == .passed)
        #expect(!AlertmanagerComponent.holdsAnything(ended, at: AlertmanagerSite.now()))
    }

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `a server outside of a cluster is settled, and one in a cluster once it is ready`() async throws {
        let alone = try await AlertmanagerSite()
        #expect(try Self.measure("alertmanager_cluster_settled", Self.component(alone.url)).verdict == .passed)
        let member = try await AlertmanagerSite(cluster: true)
        let first = try Self.measure("alertmanager_cluster_settled", Self.component(member.url))
        #expect(first.measured.hasPrefix("settling") == (first.verdict == .failed))
        try await Patience.wait(until: "the cluster is ready") { try member.api.status().cluster == "ready" }
        let settled = try Self.measure("alertmanager_cluster_settled", Self.component(member.url))
        #expect(settled.verdict == .passed && settled.measured == "ready, 1 members")
    }

    @Test(arguments: ["alertmanager_silences", "alertmanager_cluster_settled"])
    func `a check of a server that is away throws the reason`(name: String) throws {
        let component = Self.component("http://127.0.0.1:\(try FreePort.find()[0])")
        #expect(throws: ComponentError.self) { _ = try Self.measure(name, component) }
    }

    // MARK: Recorded queries

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `recorded silences are found again on a restored server and missed on an empty one`() async throws {
        let (site, empty) = (try await AlertmanagerSite(), try await AlertmanagerSite())
        try site.silence([Matcher("job", "a"), Matcher("x", "y.*", isRegex: true)], to: 60)
        try site.silence([Matcher("job", "b")], to: 120)
        try site.silence([Matcher("job", "b")], to: 180)
        _ = try site.canary("alerts").write("dr-1")
        try site.api.expire(try site.silence([Matcher("job", "gone")]))
        let component = Self.component(site.url)
        let recorder = try #require(try component.settings.recorder(component))
        let queries = try recorder.derived()
        #expect(queries.map(\.text) == [#"{job="b"}"#, #"{job="b"}"#, #"{job="a", x=~"y.*"}"#])
        for query in queries { #expect(try recorder.result(of: query).least == 1) }

        let other = Self.component(empty.url)
        let second = try #require(try other.settings.recorder(other))
        for query in queries { #expect(try second.result(of: query).least == 0) }
        _ = try await empty.import(try await site.export())
        for query in queries { #expect(try second.result(of: query).least == 1) }

        var past = queries[0]
        past.to = AlertmanagerSite.now() - 5_000
        #expect(try second.result(of: past).least == .max)
        past.language = .init(rawValue: "promql")
        #expect(throws: CheckFailure.self) { _ = try second.result(of: past) }
    }

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `silences that were created after the capture are not recorded`() async throws {
        let site = try await AlertmanagerSite()
        try site.silence([Matcher("job", "a")])
        var component = Self.component(site.url)
        component.captured = AlertmanagerSite.now() - 3_600_000
        #expect(try component.settings.recorder(component)?.derived() == [])
    }

    // MARK: Drills

    @Test func `a drill's component talks to the drill's server only`() throws {
        var settings = AlertmanagerComponent()
        settings.access.url = "http://live:9093"
        settings.access.username = "dr"
        settings.configuration = "/etc/alertmanager/alertmanager.yml"
        settings.storage = "/var/lib/alertmanager"
        #expect(settings.relocated(to: Relocation(data: "/drill")) == nil)
        let moved = try #require(settings.relocated(to: Relocation(data: "/drill", url: "http://127.0.0.1:1")))
        #expect(moved.places(of: "x") == [Place("x", .server(url: "http://127.0.0.1:1"))])
        #expect(moved.access.username == nil && moved.configuration == nil && moved.storage == nil)
        #expect(
            settings.places(of: "x") == [
                Place("x", .server(url: "http://live:9093")), Place("x", .directory("/var/lib/alertmanager")),
            ])
    }

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `the drill's server starts with the drill's configuration`() async throws {
        let options = try #require(
            AlertmanagerComponent.drillServer(environment: ProcessInfo.processInfo.environment))
        let configuration = try #require(AlertmanagerComponent.drillConfiguration(port: "1"))
        let site = try await AlertmanagerSite(configuration: configuration)
        #expect(options.ready == "/-/ready" && options.run.contains("--cluster.listen-address="))
        #expect(options.run.first == (try LabTool.path("prometheus-alertmanager")))
        #expect(try site.api.status().configuration.isWhole)
        #expect(AlertmanagerComponent.drillServer(environment: ["PATH": "/nowhere"]) == nil)
    }

    @Test(.enabled(if: AlertmanagerSite.isInstalled))
    func `an import does not change the identity of the server, and a restart does`() async throws {
        let site = try await AlertmanagerSite()
        let component = Self.component(site.url)
        let identity = try #require(try component.settings.identity(component.context))
        try site.silence([Matcher("job", "a")])
        #expect(try component.settings.identity(component.context) == identity)
        let another = try await AlertmanagerSite()
        let other = Self.component(another.url)
        #expect(try other.settings.identity(other.context) != identity)
    }
}
