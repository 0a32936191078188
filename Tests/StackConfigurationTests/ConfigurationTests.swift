import Components
import FileTree
import Grafana
import Loki
import Prometheus
import Foundation
import Retention
import Testing

import Documents
@testable import StackConfiguration

@Suite struct ConfigurationTests {
    @Test func `every key reaches its property`() throws {
        let configuration = try parse(
            """
            stack: nephoran-monitoring
            objectives: {rto: 4h, rpo: 1h}
            store:
              url: s3://nephoran-backups/dr/main/
              region: eu-central-1
              endpoint: https://s3.example:9000/
              addressing: path
              access_key_id: {env: KEY_ID}
              secret_access_key: {file: secrets/key}
              server_side_encryption: aws:kms
              kms_key_id: alias/backup
              storage_class: STANDARD_IA
              ca_file: ca.pem
              part_size: 16MiB
              recipients: [keys/recovery.crt, /keys/second.crt]
              signing: {certificate: keys/signing.crt, key: keys/signing.key}
              lock: {mode: compliance, margin: 5d}
            components:
              prometheus:
                url: https://prometheus:9090
                data: /prometheus
                username: backup
                password: {env: PASSWORD}
                tls: {ca_file: ca.pem, cert_file: me.crt, key_file: me.key}
                skip_head: true
              mirror: {kind: prometheus, url: "http://[::1]:9091/sub/", data: data, bearer_token: {file: /token}}
              rules: {kind: files, data: /etc/prometheus/rules, exclude: ["*.tmp", "cache/**"]}
              grafana:
                url: http://grafana:3000
                username: admin
                password: {env: GRAFANA_PASSWORD}
                annotations: 30d
                join_organizations: true
                contact_point_secrets: never
                secrets: {data-source/P1/password: {env: P1}, "organization/2/user/ann/password": {file: ann}}
            retention: {hourly: 24h, daily: 30d, weekly: 12w, monthly: 12mo, yearly: 7y}
            plans: plans/
            state: /var/lib/dr
            notifications:
              webhooks: [{url: {env: EMERGENCY_WEBHOOK}}]
            metrics: {textfile: /var/lib/node_exporter/dr.prom}
            """)
        #expect(configuration.stack == "nephoran-monitoring")
        #expect(configuration.objectives.rto == .hours(4))
        #expect(configuration.objectives.rpo == .hours(1))

        let store = configuration.store
        #expect(store.url == .s3(bucket: "nephoran-backups", prefix: "dr/main"))
        #expect(store.region == "eu-central-1")
        #expect(store.endpoint == "https://s3.example:9000")
        #expect(store.addressing == .path)
        #expect(store.accessKeyID?.source == .environment("KEY_ID"))
        #expect(store.secretAccessKey?.source == .file("/etc/dr/secrets/key"))
        #expect(store.serverSideEncryption == .kms)
        #expect(store.kmsKeyID == "alias/backup")
        #expect(store.storageClass == "STANDARD_IA")
        #expect(store.caFile == "/etc/dr/ca.pem")
        #expect(store.partSize == 16 << 20)
        #expect(store.recipients == ["/etc/dr/keys/recovery.crt", "/keys/second.crt"])
        #expect(store.signing?.certificate == "/etc/dr/keys/signing.crt")
        #expect(store.lock?.mode == .compliance && store.lock?.margin == 5 * 86_400)
        #expect(store.signing?.key == "/etc/dr/keys/signing.key")

        #expect(configuration.components.map(\.name) == ["prometheus", "mirror", "rules", "grafana"])
        let prometheus = try #require(configuration.component(named: "prometheus")?.settings as? PrometheusComponent)
        #expect(prometheus.access.url == "https://prometheus:9090")
        #expect(prometheus.data == "/prometheus")
        #expect(prometheus.access.username == "backup")
        #expect(prometheus.access.password?.source == .environment("PASSWORD"))
        #expect(prometheus.access.tls.caFile == "/etc/dr/ca.pem")
        #expect(prometheus.access.tls.certificateFile == "/etc/dr/me.crt")
        #expect(prometheus.access.tls.keyFile == "/etc/dr/me.key")
        #expect(prometheus.skipHead)
        let mirror = try #require(configuration.component(named: "mirror")?.settings as? PrometheusComponent)
        #expect(mirror.access.url == "http://[::1]:9091/sub")
        #expect(mirror.data == "/etc/dr/data")
        #expect(mirror.access.bearerToken?.source == .file("/token"))
        #expect(!mirror.skipHead)
        let rules = try #require(configuration.component(named: "rules")?.settings as? FilesComponent)
        #expect(rules.data == "/etc/prometheus/rules")
        #expect(rules.exclude == ["*.tmp", "cache/**"])

        let grafana = try #require(configuration.component(named: "grafana")?.settings as? GrafanaComponent)
        #expect(grafana.access.username == "admin" && grafana.joinOrganizations && grafana.annotations == .days(30))
        #expect(grafana.contactPointSecrets == .never && GrafanaComponent().contactPointSecrets == .encrypted)
        #expect(grafana.secrets["data-source/P1/password"]?.source == .environment("P1"))
        #expect(grafana.secrets["organization/2/user/ann/password"]?.source == .file("/etc/dr/ann"))

        var proposed = RetentionPolicy.proposed
        proposed.protection = .usual
        #expect(configuration.retention.policy == proposed)
        #expect(configuration.plans == "/etc/dr/plans")
        #expect(configuration.state == "/var/lib/dr")
        #expect(configuration.notifications.webhooks.map(\.url?.source) == [.environment("EMERGENCY_WEBHOOK")])
        #expect(configuration.metrics.textfile == "/var/lib/node_exporter/dr.prom")
    }

    @Test func `omitted settings have defaults`() throws {
        let configuration = try parse(least)
        #expect(configuration.stack == "monitoring")
        #expect(configuration.objectives == Objectives())
        #expect(configuration.store.url == .directory("/var/backups/dr"))
        #expect(configuration.store.addressing == .auto)
        #expect(configuration.store.recipients.isEmpty)
        #expect(configuration.plans == nil)
    }

    @Test func `every rule of retention reaches the policy`() throws {
        let written = try parse(
            least + """
                retention:
                  weekly: 12w
                  keep_last: 5
                  keep_within: 2d
                  time_zone: Europe/Berlin
                  largest_drop: 12.5%
                  freeze_after_failures: 0
                  longest_gap: 1y
                  clock_tolerance: 90m
                  protect_unverified: 30d
                  protect_smaller_than: 20%

                """
        ).retention.policy
        var policy = RetentionPolicy(
            weekly: .weeks(12), keepLast: 5, keepWithin: .days(2),
            timeZone: try #require(DeclaredZone("Europe/Berlin")))
        policy.limits.largestDrop = 0.125
        policy.limits.failedRuns = 0
        policy.limits.longestGap = 365 * 86_400
        policy.limits.clockTolerance = 5400
        policy.protection = .usual
        policy.protection.longestUnverified = 30 * 86_400
        policy.protection.smallestShare = 0.2
        #expect(written == policy)
        #expect(try parse(least).retention.policy.isEmpty)
        #expect(try parse(least + "retention: {grace: 36h}\n").retention.grace == 36 * 3600)
        let flag =
            "weekly=12w,keep_last=5,keep_within=2d,time_zone=Europe/Berlin,largest_drop=12.5%,"
            + "freeze_after_failures=0,longest_gap=1y,clock_tolerance=90m,protect_unverified=30d,"
            + "protect_smaller_than=20%"
        #expect(try RetentionConfiguration(flag, option: "--policy").policy == policy)
    }

    @Test(arguments: [
        ("hourly: 24", "'24' has no unit"), ("hourly: 0h", "must be more than zero"),
        ("keep_last: 0", "0 is out of range: 1 to 1000000"), ("keep_last: many", "expected a whole number, found text"),
        ("keep_last: 1.5", "expected a whole number, found a number"),
        ("time_zone: Mars/Olympus", "'Mars/Olympus' is not a time zone"),
        ("largest_drop: 0.5", "expected a share such as 50%"), ("largest_drop: 101%", "'101%' is out of range"),
        ("grace: 59m", "'grace' is out of range: 1h to 90d"),
        ("keep_lst: 5", "did you mean 'keep_last'?"),
    ])
    func `an invalid retention setting is refused`(_ line: String, _ words: String) {
        let found = complaints(least + "retention: {\(line)}\n")
        #expect(found.count == 1 && found.first?.contains(words) == true, "\(found)")
    }

    @Test func `Loki needs no server but its data`() throws {
        let configuration = try parse(
            """
            store: {url: file:///r}
            components:
              loki: {data: /loki}
              other: {kind: loki, url: http://loki:3100, data: /loki, chunks: /c, rules: /r, flush: true}
            """)
        let loki = try #require(configuration.component(named: "loki")?.settings as? LokiComponent)
        #expect(loki.access.url.isEmpty && loki.data == "/loki" && !loki.flush && loki.chunks == nil)
        let other = try #require(configuration.component(named: "other")?.settings as? LokiComponent)
        #expect(other.access.url == "http://loki:3100" && other.flush && other.chunks == "/c" && other.rules == "/r")
    }

    @Test(arguments: ["flush: true", "bearer_token: {env: TOKEN}"])
    func `Loki settings for server requests require the URL`(setting: String) {
        #expect(throws: DocumentError.self) {
            try parse("store: {url: file:///r}\ncomponents:\n  loki: {data: /loki, \(setting)}")
        }
    }

    @Test func `every kind may have its stall timeout`() throws {
        let configuration = try parse(
            """
            store: {url: file:///r}
            components:
              files: {data: /one, stall_timeout: 90s}
              loki: {data: /loki}
            """)
        #expect(configuration.component(named: "files")?.stallTimeout == .seconds(90))
        #expect(configuration.component(named: "loki")?.stallTimeout == .minutes(45))
        #expect(throws: DocumentError.self) {
            try parse("store: {url: file:///r}\ncomponents:\n  loki: {data: /loki, stall_timeout: soon}")
        }
    }

    @Test func `components compare by their options`() throws {
        let one = try parse(least), same = try parse(least)
        let other = try parse(least.replacing("/etc/prometheus", with: "/etc/promother9"))
        #expect(one == same)
        #expect(one != other)
    }

    @Test func `the state folder follows the user`() throws {
        let configuration = try parse(least)
        #expect(configuration.stateFolder(environment: [:], isRoot: true) == "/var/lib/dr")
        #expect(configuration.stateFolder(environment: ["HOME": "/home/a"], isRoot: false) == "/home/a/.local/state/dr")
        #expect(
            configuration.stateFolder(environment: ["HOME": "/home/a", "XDG_STATE_HOME": "/s"], isRoot: false)
                == "/s/dr")
        #expect(try parse(least + "state: here\n").stateFolder(environment: [:], isRoot: true) == "/etc/dr/here")
    }

    @Test func `anchors serve shared settings`() throws {
        let configuration = try parse(
            """
            store: {url: file:///r}
            components:
              one: {kind: files, data: /one, exclude: &junk ["*.tmp"]}
              two: {kind: files, data: /two, exclude: *junk}
            """)
        let two = try #require(configuration.component(named: "two")?.settings as? FilesComponent)
        #expect(two.exclude == ["*.tmp"])
    }
}
