package import BackupRepository
package import Components
internal import Documents

extension GitComponent: ComponentKind {
    package static let name = "git"

    package static let template = TemplateParts(
        """
        # One branch of a git repository, with its history: a path or a URL.
        configuration:
          kind: git
          url: git@git.example:monitoring/configuration.git
          branch: main                       # default: the branch of the repository's HEAD
          ssh_key: /etc/dr/deploy_key        # for https: username and password, ca_file
          ssh_known_hosts: /etc/dr/known_hosts
        """)

    package static let recognition: Recognition? = nil

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) throws -> any ComponentSource {
        var access = GitAccess()
        access.username = username
        access.password = try context.value(of: password)
        access.sshKey = sshKey
        access.sshKnownHosts = sshKnownHosts
        access.caFile = caFile
        return GitSource(url: url, branch: branch, access: access, pool: context.pool)
    }

    /// The importer verifies the bundle: git checks every object's hash.
    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? { nil }

    package static func importer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentImporter)? {
        GitImporter(pool: context.pool, stamp: "\(Timestamp(seconds: context.now() / 1000))")
    }

    package static let canSlice = false
    package func gaps(_ context: ComponentContext) -> (any GapFinder)? { nil }
    package static let neighbours: [String] = []
    package static let trace: ServerTrace? = nil

    package static let foreignBackups: [ForeignBackup] = []

    // MARK: Places

    package var home: String? { url.hasPrefix("/") ? url : nil }
    package var server: HTTPAccess? { nil }
    package func places(of owner: String) -> [Place] { placesInSettings(of: owner) }
    package var writablePaths: [String] { [] }
    package func identity(_ context: ComponentContext) -> String? { nil }

    // MARK: Checks

    package static let checks: [OfferedCheck<Self>] = []
    package static let recordedQueries: RecordedQueryRules? = nil
    package func recorder(_ component: CheckedComponent) -> (any QueryRecorder)? { nil }
    package static let canary: (any CanarySettings.Type)? = nil
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        var settings = GitComponent()
        settings.url = place.data
        settings.branch = branch
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }

    /// A repository always has a commit.
    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { true }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
