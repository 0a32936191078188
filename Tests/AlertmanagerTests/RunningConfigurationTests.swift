import BackupRepository
import Testing

@testable import Alertmanager

/// The configuration as Alertmanager prints it.
@Suite struct RunningConfigurationTests {
    static let text = #"""
        global:
          resolve_timeout: 5m
          smtp_auth_password: <secret>
          slack_api_url: <secret>
        route:
          receiver: none
          routes:
          - receiver: hook
            matchers:
            - severity="page"
        receivers:
        - name: none
        - name: hook
          pagerduty_configs:
          - send_resolved: true
            routing_key: <secret>
            details:
              firing: '{{ template "pagerduty.default.instances" .Alerts.Firing }}'
          - routing_key: <secret>
          webhook_configs:
          - http_config:
              basic_auth:
                username: u
                password: <secret>
                password_file: /run/secrets/hook
            url: http://user:pw@localhost:1/x
        templates:
        - /etc/alertmanager/*.tmpl
        - more/x.tmpl
        """#

    private let configuration = RunningConfiguration(text)

    @Test func `every hidden secret is named with its place`() {
        #expect(
            configuration.hiddenPlaces == [
                "global.smtp_auth_password", "global.slack_api_url", "receivers[hook].pagerduty_configs[0].routing_key",
                "receivers[hook].pagerduty_configs[1].routing_key",
                "receivers[hook].webhook_configs[0].http_config.basic_auth.password",
            ])
    }

    @Test func `URLs of webhooks are hidden as newer versions do, and nothing else changes`() {
        #expect(configuration.shownURLs == ["receivers[hook].webhook_configs[0].url"])
        let hidden = configuration.withoutURLs
        #expect(hidden.text == Self.text.replacing("http://user:pw@localhost:1/x", with: "<secret>"))
        #expect(hidden.shownURLs == [] && hidden.hiddenPlaces.count == configuration.hiddenPlaces.count + 1)
        #expect(hidden.withoutURLs == hidden)
    }

    @Test func `templates and files are found`() {
        #expect(configuration.templates == ["/etc/alertmanager/*.tmpl", "more/x.tmpl"])
        #expect(configuration.files == ["/run/secrets/hook"])
        #expect(configuration.isWhole)
    }

    @Test func `sections that differ are named`() {
        let other = RunningConfiguration(Self.text.replacing("5m", with: "6m").replacing("more/", with: "less/"))
        #expect(configuration.sectionsThatDiffer(from: other) == ["global", "templates"])
        #expect(configuration.sectionsThatDiffer(from: configuration) == [])
    }

    @Test(arguments: [
        "", "\n\n", "- - - -", "-", "- ", ":", "a", "   - x: <secret>", "a: &a [*a]", "- a: b\n - c: d\n- e",
        String(repeating: "- ", count: 2_000) + "x: <secret>", "\u{0}\u{FFFD}: \n\t- x",
    ])
    func `a text that is not a configuration traps nothing`(text: String) {
        let configuration = RunningConfiguration(text)
        #expect(!configuration.isWhole)
        #expect(configuration.hiddenPlaces.count <= 1)
        #expect(configuration.withoutURLs == configuration)
        #expect(configuration.templates == [] && configuration.files == [])
    }

    // MARK: Gaps

    private func gaps(configuration path: String? = nil, storage: String? = nil, trees: [String] = []) -> [String] {
        AlertmanagerGaps(api: AlertmanagerSite.api("http://127.0.0.1:1"), configuration: path, storage: storage)
            .found(configuration, GapSurroundings(trees: trees)).map(\.object)
    }

    @Test func `without other components everything that the API lacks is a gap`() {
        let found = gaps()
        #expect(found.count == 4)
        #expect(found[0].hasPrefix("5 secrets"))
        #expect(found[1].contains("/etc/alertmanager/*.tmpl, more/x.tmpl"))
        #expect(found[2].contains("/run/secrets/hook"))
        #expect(found[3].contains("nflog"))
    }

    @Test(arguments: [false, true]) func `a file tree of this machine does not cover the files of a pod`(
        _ isInPod: Bool
    ) {
        var surroundings = GapSurroundings(trees: ["/run/secrets", "/etc/alertmanager"])
        surroundings.isInPod = isInPod
        let gaps = AlertmanagerGaps(api: AlertmanagerSite.api("http://127.0.0.1:1"), configuration: nil, storage: nil)
            .found(configuration, surroundings)
        #expect(gaps.contains { $0.object.contains("/run/secrets/hook") } == isInPod)
        #expect(!gaps.contains { !$0.isInFiles })
    }

    @Test func `a backed-up file tree closes the gaps for the files it holds`() {
        let own = "/etc/alertmanager/alertmanager.yml"
        #expect(gaps(configuration: own).count == 4)
        let some = gaps(configuration: own, storage: "/var/lib/am", trees: ["/etc/alertmanager"])
        #expect(some == ["the files /run/secrets/hook", "the notification log (nflog)"])
        let all = ["/etc/alertmanager", "/run/secrets", "/var/lib"]
        #expect(gaps(configuration: own, storage: "/var/lib/am", trees: all) == [])
        // A relative path is relative to the configuration, whose place is not known here.
        #expect(gaps(trees: all).count == 3)
    }
}
