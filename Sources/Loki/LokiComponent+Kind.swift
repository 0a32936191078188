package import BackupRepository
package import Components
internal import Documents
internal import HTTP

extension LokiComponent: ComponentKind {
    package static let name = "loki"

    package static let template = TemplateParts(
        """
        # A Loki that keeps its chunks in files; 'data' is its common.path_prefix.
        loki:
          url: http://localhost:3100         # to read its schema; optional
          data: /loki
          chunks: /loki/chunks               # if they are not in 'data'
          rules: /loki/rules                 # likewise
          wal: /loki/wal                     # likewise
          flush: true                        # write lines in memory into chunks first
        """)

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        LokiSource(
            server: try api(context), data: data, chunks: chunks, rules: rules, wal: wal, flush: flush,
            tenants: context.tenants, pool: context.pool)
    }

    package static func restorer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentRestorer)? {
        LokiRestorer(
            server: try settings.flatMap { try $0.api(context) }, pool: context.pool, now: context.now,
            data: settings?.data, chunks: settings?.chunks)
    }

    package static func importer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentImporter)? { nil }
    package static let canSlice = true

    package func healing(_ context: ComponentContext) throws -> HealMethod? {
        .files(
            LokiHealer(
                folders: LokiFolders(data: data, chunks: chunks, rules: rules, wal: wal), server: try api(context),
                pool: context.pool, now: context.now))
    }

    package func gaps(_ context: ComponentContext) throws -> (any GapFinder)? {
        LokiGaps(
            server: try api(context), data: data, chunks: chunks, rules: rules, wal: wal, pool: context.pool)
    }

    package static let neighbours = ["loki", "promtail", "alloy"]
    package static let trace: ServerTrace? = ServerTrace(
        metric: "loki_build_info", program: "loki", loss: "logs are kept there only")

    private func api(_ context: ComponentContext) throws -> LokiAPI? {
        guard !access.url.isEmpty else { return nil }
        return LokiAPI(url: access.url, client: try context.client(access), pool: context.pool)
    }

    /// The client of checks: it sends each request once, because a check measures the present.
    func askedAPI(_ context: ComponentContext) throws -> LokiAPI? {
        guard !access.url.isEmpty else { return nil }
        return LokiAPI(
            url: access.url, client: try context.client(access), pool: context.pool, retries: RetryPolicy(attempts: 1))
    }

    package static let foreignBackups: [ForeignBackup] = ForeignLoki.forms

    // MARK: Places

    package var home: String? { data }
    package var server: HTTPAccess? { access.url.isEmpty ? nil : access }
    package func places(of owner: String) -> [Place] { placesInSettings(of: owner) }
    package var writablePaths: [String] { [] }

    /// Only directories identify it: the server has no fact that a restore changes.
    package func identity(_ context: ComponentContext) -> String? { nil }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("loki_ready", roles: [.quick, .health]) {
            guard let server = try $0.checked($1) else { return FixedCheck.withoutServer("loki_ready", of: $1) }
            return StatusCheck("loki_ready", component: $1.name, server: server, path: "/ready")
        },
        OfferedCheck<Self>("loki_query", roles: [.content, .proof]) {
            guard let api = try $0.askedAPI($1.context) else { return FixedCheck.withoutServer("loki_query", of: $1) }
            return LokiQuery($1, api)
        },
        OfferedCheck<Self>("loki_index", roles: [.drill]) {
            LokiIndexCheck($1, settings: $0, api: try $0.askedAPI($1.context))
        },
    ]

    func checked(_ component: CheckedComponent) throws -> CheckedServer? {
        guard !access.url.isEmpty else { return nil }
        return CheckedServer(url: access.url, client: try component.context.client(access))
    }

    package static let recordedQueries: RecordedQueryRules? = RecordedQueryRules(userLanguage: .logQL, limits: [:])

    package func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)? {
        try askedAPI(component.context).map { LokiRecorder(component, $0) }
    }

    package static let canary: (any CanarySettings.Type)? = LokiCanarySettings.self
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        var settings = self
        settings.access.relocate(place)
        settings.data = place.data
        settings.chunks = nil
        settings.rules = nil
        settings.wal = nil
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }
    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { facts["chunks"] != "0" }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? {
        "restore the newest \(share) first (`dr restore --component \(component) --from TIME`), or keep that much "
            + "(retention_period)"
    }
}
