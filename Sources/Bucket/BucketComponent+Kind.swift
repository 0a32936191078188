package import BackupRepository
package import Components
internal import Documents
internal import HTTP
internal import Logging
internal import Platform
internal import S3

extension BucketComponent: ComponentKind {
    package static let name = "bucket"

    package static let template = TemplateParts(
        """
        # The objects of another program below a prefix of a bucket; see docs/bucket.md.
        chunks:
          kind: bucket
          url: s3://loki-data/prefix
          profile: loki                      # or thanos, mimir, tempo, plain
          index_prefix: index/               # `path_prefix` of Loki's index
          region: eu-central-1
          endpoint: https://minio.example:9000
          addressing: auto                   # or path, or virtual
          ca_file: /etc/dr/ca.pem
          access_key_id: {env: LOKI_ACCESS_KEY_ID}   # or aws_profile: loki
          secret_access_key: {file: /etc/dr/loki_secret_key}
          exclude: ['loki_cluster_seed.json']
        """)

    package static let recognition: Recognition? = nil

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        BucketSource(
            try bucket(context), url: url, layout: layout, exclusions: exclude, pool: context.pool, now: context.now)
    }

    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? {
        BucketRestorer(layout: settings?.layout, pool: context.pool)
    }

    package static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)? {
        BucketImporter(settings: settings, context: context)
    }

    /// Makes no request.
    func bucket(_ context: ComponentContext) throws -> S3Bucket {
        let (name, prefix) = place
        var configuration = S3Configuration(bucket: name, prefix: prefix, region: region, endpoint: endpoint)
        configuration.addressing = S3Configuration.Addressing(rawValue: addressing.rawValue) ?? .auto
        configuration.profile = awsProfile
        configuration.caFile = caFile
        if let id = try context.value(of: accessKeyID), let secret = try context.value(of: secretAccessKey) {
            configuration.credentials = S3Credentials(accessKeyID: id, secretAccessKey: secret, source: "dr.yaml")
        }
        return try S3Bucket(configuration, logger: Logger(label: "dr.bucket"))
    }

    package static let canSlice = false
    package func gaps(_ context: ComponentContext) -> (any GapFinder)? { nil }
    package static let neighbours: [String] = []
    package static let trace: ServerTrace? = nil
    package static let foreignBackups: [ForeignBackup] = []

    // MARK: Places

    package var home: String? { nil }
    package var server: HTTPAccess? { nil }

    package func places(of owner: String) -> [Place] {
        let (name, prefix) = place
        var place = Place(owner, .bucket(name: name, prefix: prefix, endpoint: endpoint))
        place.isBackedUp = true
        place.program = profile == .plain ? nil : profile.rawValue
        return [place]
    }

    package var writablePaths: [String] { [] }
    package static let isSharable = true
    package func identity(_ context: ComponentContext) -> String? { nil }

    // MARK: Checks

    package static let checks: [OfferedCheck<Self>] = []
    package static let recordedQueries: RecordedQueryRules? = nil
    package func recorder(_ component: CheckedComponent) -> (any QueryRecorder)? { nil }
    package static let canary: (any CanarySettings.Type)? = nil
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? { nil }
    package static let drillRefusal: String? =
        "a drill has no bucket to restore it into: `dr restore --component NAME --to DIR` restores and verifies it"
    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }
    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { facts["objects"] != "0" }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
