package import BackupRepository
package import Components
internal import Documents
internal import HTTP

extension GrafanaComponent: ComponentKind {
    package static let name = "grafana"

    package static let template = TemplateParts(
        """
        # A running Grafana, all organisations, with a server admin's credentials; or one, with bearer_token.
        grafana:
          url: http://localhost:3000
          username: admin
          password: {env: GRAFANA_PASSWORD}
          annotations: 90d                   # age of the oldest annotations to export
          join_organizations: true           # let the admin join organisations during the export
          contact_point_secrets: never       # encrypted: into an encrypted store, by default
          secrets: {data-source/P1/basicAuthPassword: {env: P1_PASSWORD}}   # for a restore: Grafana shows none
        """,
        canary: "grafana: {}",
        drillServer: #"grafana: {run: [grafana, server, "cfg:server.http_port=${port}"], ready: /api/health}"#)

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        GrafanaSource(
            api: try api(context), login: access.username, joins: joinOrganizations,
            annotationDays: max(1, Int(annotations.duration.components.seconds) / 86_400),
            contactPointSecrets: secretsPolicy(context), now: context.now)
    }

    private func secretsPolicy(_ context: ComponentContext) -> ContactPointSecrets {
        switch contactPointSecrets {
        case .never: .never
        case .encrypted: context.encryptsBackups ? .taken : .withheldUnencrypted
        }
    }

    /// The export checks its documents itself: dr inspects nothing else.
    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? { nil }

    package static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)? {
        guard let settings else { return nil }  // its documents can still be restored as files
        var values: [String: String] = [:]
        var unavailable: [String: String] = [:]
        for (name, secret) in settings.secrets {
            // A missing secret must not keep the others from being restored: it is reported when it is needed.
            do {
                values[name] = try secret.resolve(environment: context.environment)
            } catch { unavailable[name] = error.diagnostics.map(\.message).joined(separator: "; ") }
        }
        return GrafanaImporter(
            api: try settings.api(context), user: settings.access.username,
            secrets: ImportSecrets(
                values, unavailable: unavailable,
                placeholder: settings.withholdsSecrets ? ImportSecrets.nowhere : nil))
    }

    package static let canSlice = false

    package func healing(_ context: ComponentContext) -> HealMethod? { .objects }

    package func gaps(_ context: ComponentContext) throws -> (any GapFinder)? {
        GrafanaGaps(api: try api(context), joins: joinOrganizations, secrets: Set(secrets.keys))
    }

    package static let neighbours = ["grafana"]
    package static let trace: ServerTrace? = ServerTrace(
        metric: "grafana_build_info", program: "grafana", loss: "dashboards, alerts and users are in its own database")

    func api(_ context: ComponentContext) throws -> GrafanaAPI {
        GrafanaAPI(url: access.url, client: try context.client(access), pool: context.pool)
    }

    /// The client of checks: it sends each request once, because a check measures the present.
    func askedAPI(_ context: ComponentContext, silence: Duration? = nil) throws -> GrafanaAPI {
        GrafanaAPI(
            url: access.url, client: try context.client(access, silence: silence), pool: context.pool,
            retries: RetryPolicy(attempts: 1))
    }

    package static let foreignBackups: [ForeignBackup] = ForeignGrafana.forms

    // MARK: Places

    package var home: String? { nil }
    package var server: HTTPAccess? { access }
    package func places(of owner: String) -> [Place] { placesInSettings(of: owner) }
    package var writablePaths: [String] { [] }

    /// The dashboards: a restore adds or changes some.
    package func identity(_ context: ComponentContext) throws -> String? {
        try askedAPI(context, silence: ComponentContext.identitySilence).dashboards(nil).joined(separator: ",")
    }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("grafana_healthy", roles: [.quick, .health]) {
            StatusCheck("grafana_healthy", component: $1.name, server: try $0.checked($1), path: "/api/health")
        },
        OfferedCheck<Self>("grafana_database_ok", roles: [.quick]) {
            GrafanaDatabase(component: $1.name, api: try $0.askedAPI($1.context))
        },
        OfferedCheck<Self>("grafana_dashboards", roles: [.drill, .content, .proof]) {
            GrafanaObjects(.dashboards, $1, api: try $0.askedAPI($1.context))
        },
        OfferedCheck<Self>("grafana_datasources", roles: [.drill, .content, .proof]) {
            GrafanaObjects(.dataSources, $1, api: try $0.askedAPI($1.context))
        },
    ]

    func checked(_ component: CheckedComponent) throws -> CheckedServer {
        CheckedServer(url: access.url, client: try component.context.client(access))
    }

    package static let recordedQueries: RecordedQueryRules? = RecordedQueryRules(
        userLanguage: nil, limits: [.dashboard: 500])

    package func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)? {
        GrafanaRecorder(component: component.name, api: try askedAPI(component.context))
    }

    package static let canary: (any CanarySettings.Type)? = GrafanaCanarySettings.self
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        guard place.url != nil else { return nil }
        var settings = self
        settings.access.relocate(place)
        // The drill's Grafana must not notify the receivers of the live one, and has no secrets that would allow it.
        settings.secrets = [:]
        settings.withholdsSecrets = true
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }

    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool {
        facts["dashboards"] != "0" || facts["data sources"] != "0"
    }

    package static let droppable: DroppableObject<Self>? = DroppableObject(
        "dashboard", checks: ["grafana_dashboards"], isHeld: { facts, _ in facts["dashboards"] != "0" }
    ) { settings, context in
        let api = try settings.askedAPI(context)
        guard let uid = try api.dashboards(nil).first else {
            throw CheckFailure("-", "the restored Grafana has no dashboard to drop")
        }
        try api.write("DELETE", ["dashboards", "uid", uid])
    }

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
