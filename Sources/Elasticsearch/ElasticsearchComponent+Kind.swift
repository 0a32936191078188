package import BackupRepository
package import Components
internal import Documents
internal import HTTP

extension ElasticsearchComponent: ComponentKind {
    package static let name = "elasticsearch"

    package static let template = TemplateParts(
        """
        # Jaeger's indices in Elasticsearch or OpenSearch: the cluster keeps the data in its own snapshot repository.
        jaeger:
          kind: elasticsearch
          url: http://localhost:9200         # with username and password, or bearer_token, and tls as above
          api_key: {env: ELASTICSEARCH_API_KEY}
          indices: "jaeger-*"
          repository: {type: s3, bucket: backups, base_path: jaeger}   # or type: fs, with location
          timeout: 15m                       # give up after this long without progress
        """)

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        ElasticsearchSource(
            api: try api(context), repository: snapshotRepository, indices: indices, patience: patience,
            pool: context.pool, now: context.now)
    }

    /// The cluster verifies its own snapshots: dr inspects nothing else.
    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? { nil }

    package static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)? {
        // Without settings there is no cluster to restore into; the documents can still be restored as files.
        guard let settings else { return nil }
        return ElasticsearchImporter(
            api: try settings.api(context), repository: settings.snapshotRepository, patience: settings.patience,
            pool: context.pool)
    }

    package static let canSlice = false

    package func gaps(_ context: ComponentContext) throws -> (any GapFinder)? {
        let others = context.stack.compactMap { $0 as? Self }.filter { $0.access.url == access.url && $0 != self }
        return ElasticsearchGaps(api: try api(context), indices: indices, others: others.map(\.indices))
    }

    package static let neighbours = ["elasticsearch", "opensearch", "jaeger"]
    package static let trace: ServerTrace? = nil

    private func api(_ context: ComponentContext) throws -> ElasticsearchAPI {
        ElasticsearchAPI(
            url: access.url, client: try context.client(access), apiKey: try context.value(of: apiKey),
            pool: context.pool)
    }

    private var patience: Duration { timeout?.duration ?? .seconds(900) }

    private var snapshotRepository: SnapshotRepository {
        switch repository.type {
        case .s3:
            SnapshotRepository(
                repository.name,
                .s3(bucket: repository.bucket ?? "", basePath: repository.basePath, client: repository.client),
                isOnlyRead: repository.isOnlyRead)
        case .fs:
            SnapshotRepository(
                repository.name, .directory(repository.location ?? ""), isOnlyRead: repository.isOnlyRead)
        }
    }

    package static let foreignBackups: [ForeignBackup] = []

    // MARK: Places

    package var home: String? { nil }
    package var server: HTTPAccess? { access }

    package func places(of owner: String) -> [Place] {
        placesInSettings(of: owner) + [snapshotPlace(of: owner)].compactMap { $0 }
    }

    /// The place of the cluster's snapshots. A directory belongs to a node of the cluster, but counts as one of this
    /// machine.
    private func snapshotPlace(of owner: String) -> Place? {
        switch repository.type {
        case .s3:
            Place(
                "\(owner)'s snapshots",
                .bucket(name: repository.bucket ?? "", prefix: repository.basePath ?? "", endpoint: nil),
                isOnlyRead: repository.isOnlyRead)
        case .fs:
            repository.location.flatMap { location in
                location.hasPrefix("/")
                    ? Place("\(owner)'s snapshots", .directory(location), isOnlyRead: repository.isOnlyRead) : nil
            }
        }
    }

    package var writablePaths: [String] { [] }

    /// The cluster's own identifier.
    package func identity(_ context: ComponentContext) throws -> String? {
        try askedAPI(context, silence: ComponentContext.identitySilence).uuid()
    }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("elasticsearch_green", roles: [.quick, .health]) {
            ClusterGreen($1, try $0.askedAPI($1.context), indices: $0.indices)
        },
        OfferedCheck<Self>("elasticsearch_documents", roles: [.drill, .content, .proof]) {
            DocumentsCounted($1, try $0.askedAPI($1.context), indices: $0.indices)
        },
    ]

    /// The client of checks: it sends each request once, because a check measures the present.
    func askedAPI(_ context: ComponentContext, silence: Duration? = nil) throws -> ElasticsearchAPI {
        ElasticsearchAPI(
            url: access.url, client: try context.client(access, silence: silence),
            apiKey: try context.value(of: apiKey), retries: RetryPolicy(attempts: 1), pool: context.pool)
    }

    package static let recordedQueries: RecordedQueryRules? = RecordedQueryRules(
        userLanguage: nil, limits: [.documents: 200])

    package func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)? {
        ElasticsearchRecorder(
            component: component, api: try askedAPI(component.context),
            canaryIndex: ElasticsearchCanary.index(for: indices))
    }

    package static let canary: (any CanarySettings.Type)? = ElasticsearchCanarySettings.self
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        guard place.url != nil else { return nil }
        var settings = self
        settings.access.relocate(place)
        settings.apiKey = nil
        // The snapshots belong to the live cluster, and two clusters that write to one repository destroy it.
        settings.repository.isOnlyRead = true
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }
    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { facts["indices"] != "0" }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
