package import BackupRepository
package import Components
internal import Documents
internal import FoundationEssentials
internal import HTTP
internal import Platform

extension PrometheusComponent: ComponentKind {
    package static let name = "prometheus"

    package static let template = TemplateParts(
        """
        # A running Prometheus, started with --web.enable-admin-api.
        prometheus:
          url: http://localhost:9090
          data: /var/lib/prometheus/metrics2
          # username: backup
          # password: {env: PROMETHEUS_PASSWORD}
          # bearer_token: {file: /etc/dr/prometheus-token}
          # tls: {ca_file: /etc/dr/ca.pem}     # also cert_file and key_file, insecure
          # skip_head: true                    # skip samples that are not in blocks yet
          # stall_timeout: 45m                 # any component: continue without it if it hangs for this long
          # shrink_threshold: 50%              # any component: report a loss if it shrinks by more than this
        """,
        isActive: true, canary: "prometheus: {pushgateway: http://pushgateway:9091}")

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        PrometheusSource(
            url: access.url, data: data, client: try context.client(access), skipHead: skipHead, pool: context.pool)
    }

    package static func restorer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentRestorer)? {
        // The server may be down, as after a disaster: its retention is then not known.
        PrometheusRestorer(
            url: settings?.access.url, client: try settings.map { try context.client($0.access) } ?? context.client(),
            pool: context.pool, now: context.now)
    }

    package static func importer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentImporter)? { nil }
    package static let canSlice = false

    package func healing(_ context: ComponentContext) throws -> HealMethod? {
        .files(PrometheusHealer(data: data, api: try api(context), pool: context.pool, now: context.now))
    }

    package func gaps(_ context: ComponentContext) throws -> (any GapFinder)? {
        PrometheusGaps(
            api: try api(context), data: data, skipsHead: skipHead, pool: context.pool,
            kinds: context.kinds)
    }

    package static let neighbours = ["prometheus", "pushgateway", "blackbox", "thanos", "mimir"]
    package static let trace: ServerTrace? = nil

    func api(_ context: ComponentContext, silence: Duration? = nil) throws -> PrometheusAPI {
        PrometheusAPI(url: access.url, client: try context.client(access, silence: silence), pool: context.pool)
    }

    package static let foreignBackups: [ForeignBackup] = ForeignBlocks.forms

    // MARK: Places

    package var home: String? { data }
    package var server: HTTPAccess? { access }
    package func places(of owner: String) -> [Place] { placesInSettings(of: owner) }

    /// A snapshot is removed from the server's own directory after the backup.
    package var writablePaths: [String] { [data] }

    /// The time when the server was started.
    package func identity(_ context: ComponentContext) throws -> String? {
        try api(context, silence: ComponentContext.identitySilence).startTime()
    }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("prometheus_healthy", roles: [.quick]) {
            StatusCheck("prometheus_healthy", component: $1.name, server: try $0.checked($1), path: "/-/healthy")
        },
        OfferedCheck<Self>("prometheus_ready", roles: [.quick, .health]) {
            StatusCheck("prometheus_ready", component: $1.name, server: try $0.checked($1), path: "/-/ready")
        },
        OfferedCheck<Self>("targets_up", roles: [.live]) { TargetsUp($1, try $0.api($1.context)) },
        OfferedCheck<Self>("ingestion", roles: []) { Ingestion($1, try $0.api($1.context)) },
        OfferedCheck<Self>("prometheus_data", roles: [.drill, .content, .proof]) {
            RestoredSamples($1, try $0.api($1.context))
        },
        OfferedCheck<Self>("prometheus_blocks_intact", roles: [.drill, .content]) { BlocksIntact($1, data: $0.data) },
    ]

    func checked(_ component: CheckedComponent) throws -> CheckedServer {
        CheckedServer(url: access.url, client: try component.context.client(access))
    }

    package static let recordedQueries: RecordedQueryRules? = RecordedQueryRules(userLanguage: .promQL, limits: [:])

    package func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)? {
        PrometheusRecorder(component, try api(component.context))
    }

    package static let canary: (any CanarySettings.Type)? = PrometheusCanarySettings.self

    package static let metrics: MetricRules<Self>? = MetricRules(resources: resources) { settings, context in
        PrometheusMetrics(api: try settings.api(context))
    }

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        guard place.url != nil else { return nil }
        var settings = self
        settings.access.relocate(place)
        settings.data = place.data
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? {
        guard let program = Program.find("prometheus", environment: environment) else { return nil }
        var options = DrillServerOptions()
        options.run = [
            program, "--config.file=${folder}/${name}.yml", "--storage.tsdb.path=${data}",
            "--web.listen-address=127.0.0.1:${port}", "--storage.tsdb.retention.time=100y",
        ]
        options.ready = "/-/ready"
        return options
    }

    /// The server scrapes only itself: that is enough to check that it appends samples.
    package static func drillConfiguration(port: String) -> String? {
        """
        global: {scrape_interval: 2s}
        scrape_configs:
          - job_name: dr-drill
            static_configs: [{targets: ["127.0.0.1:\(port)"]}]

        """
    }

    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { facts["blocks"] != "0" }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? {
        "restore the newest blocks first (`paths` in the plan's step), or keep \(share) of the time "
            + "(--storage.tsdb.retention.time)"
    }
}
