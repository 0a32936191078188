package import BackupRepository
package import Components
internal import HTTP
internal import Platform

extension AlertmanagerComponent: ComponentKind {
    package static let name = "alertmanager"

    package static let template = TemplateParts(
        """
        # A running Alertmanager: its silences, and its configuration without the secrets, which it does not show.
        alertmanager:
          url: http://localhost:9093
          config: /etc/alertmanager/alertmanager.yml   # its file, which a component of kind files backs up
          storage: /var/lib/alertmanager               # its --storage.path, likewise
        """,
        canary: "alertmanager: {}")

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        AlertmanagerSource(api: try api(context), keepsURLs: context.encryptsBackups, now: context.now)
    }

    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? {
        AlertmanagerRestorer(pool: context.pool)
    }

    package static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)? {
        // Without a server, the documents can still be restored as files.
        try settings.map { AlertmanagerImporter(api: try $0.api(context), now: context.now) }
    }

    package static let canSlice = false

    package func gaps(_ context: ComponentContext) throws -> (any GapFinder)? {
        AlertmanagerGaps(api: try api(context), configuration: configuration, storage: storage)
    }

    package static let neighbours = ["alertmanager"]

    /// A Prometheus names the Alertmanagers that it sends alerts to by itself.
    package static let trace: ServerTrace? = nil

    func api(_ context: ComponentContext) throws -> AlertmanagerAPI {
        AlertmanagerAPI(url: access.url, client: try context.client(access), pool: context.pool)
    }

    package static let foreignBackups: [ForeignBackup] = []

    // MARK: Places

    package var home: String? { nil }
    package var server: HTTPAccess? { access }

    /// A restore writes to the server only. A drill keeps away from the live server's storage too.
    package func places(of owner: String) -> [Place] {
        [Place(owner, .server(url: access.url))] + (storage.map { [Place(owner, .directory($0))] } ?? [])
    }

    package var writablePaths: [String] { [] }

    /// The time when the server was started. Its silences do not identify it: operators create and end them at any
    /// time.
    package func identity(_ context: ComponentContext) throws -> String? { try api(context).status().started }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("alertmanager_ready", roles: [.quick, .health]) {
            let server = CheckedServer(url: $0.access.url, client: try $1.context.client($0.access))
            return StatusCheck("alertmanager_ready", component: $1.name, server: server, path: "/-/ready")
        },
        OfferedCheck<Self>("alertmanager_silences", roles: [.drill, .content, .proof]) {
            SilencesCounted($1, try $0.api($1.context))
        },
        OfferedCheck<Self>("alertmanager_cluster_settled", roles: [.live]) {
            ClusterSettled(component: $1.name, api: try $0.api($1.context))
        },
    ]

    package static let recordedQueries: RecordedQueryRules? = RecordedQueryRules(
        userLanguage: nil, limits: [.silence: 100])

    package func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)? {
        AlertmanagerRecorder(component, try api(component.context))
    }

    package static let canary: (any CanarySettings.Type)? = AlertmanagerCanarySettings.self
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        guard place.url != nil else { return nil }
        var settings = self
        settings.access.relocate(place)
        settings.configuration = nil
        settings.storage = nil
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? {
        let names = ["prometheus-alertmanager", "alertmanager"]
        guard let program = names.lazy.compactMap({ Program.find($0, environment: environment) }).first else {
            return nil
        }
        var options = DrillServerOptions()
        options.run = [
            program, "--config.file=${folder}/${name}.yml", "--storage.path=${data}",
            "--web.listen-address=127.0.0.1:${port}", "--cluster.listen-address=",
        ]
        options.ready = "/-/ready"
        return options
    }

    /// The server of a drill must notify no one: it does not get the configuration of the backup.
    package static func drillConfiguration(port: String) -> String? {
        "route: {receiver: none}\nreceivers: [{name: none}]\n"
    }

    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool {
        SilenceEnds(fact: facts[SilenceEnds.fact]).remaining(at: now) > 0
    }

    package static let droppable: DroppableObject<Self>? = DroppableObject(
        "silence", checks: ["alertmanager_silences"]
    ) { facts, now in
        // A silence that ends during the drill would not be missed.
        SilenceEnds(fact: facts[SilenceEnds.fact]).remaining(at: now.addingClamped(hour)) > 0
    } drop: { settings, context in
        let api = try settings.api(context)
        let list = try api.silences()
        let now = list.time ?? context.now()
        let lasting = list.silences.filter { $0.endsAt > now.addingClamped(hour) }
        let silence = lasting.first { !AlertmanagerCanary.isCanary($0) } ?? lasting.first
        guard let silence else { throw CheckFailure("-", "the restored Alertmanager has no silence to drop") }
        try api.expire(silence.id)
    }

    /// In milliseconds.
    private static let hour = 3_600_000

    // MARK: Forecasts

    /// Silences are few and small: removing some would save nothing.
    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
