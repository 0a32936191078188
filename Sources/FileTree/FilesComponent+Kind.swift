package import BackupRepository
package import Components
internal import Documents

extension FilesComponent: ComponentKind {
    package static let name = "files"

    package static let template = TemplateParts(
        """
        # Any tree of files.
        rules:
          kind: files
          data: /etc/rules
          exclude: ["*.tmp"]
          # workers: 4                         # processes that store it side by side, 1 to 64; see docs/scale.md
        """)

    package static let recognition: Recognition? = nil

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) -> any ComponentSource {
        FileTreeSource(data: data, exclusions: exclude)
    }

    /// Any bytes are valid content of a file.
    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? { nil }
    package static func importer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentImporter)? { nil }
    package static let canSlice = false
    package func gaps(_ context: ComponentContext) -> (any GapFinder)? { nil }
    package static let neighbours: [String] = []
    package static let trace: ServerTrace? = nil

    package static let foreignBackups: [ForeignBackup] = ForeignTrees.forms

    // MARK: Places

    package var home: String? { data }
    package var server: HTTPAccess? { nil }
    package func places(of owner: String) -> [Place] { placesInSettings(of: owner) }
    package var writablePaths: [String] { [] }
    package func identity(_ context: ComponentContext) -> String? { nil }

    // MARK: Checks

    package static let checks: [OfferedCheck<Self>] = []
    package static let recordedQueries: RecordedQueryRules? = nil
    package func recorder(_ component: CheckedComponent) -> (any QueryRecorder)? { nil }
    package static let canary: (any CanarySettings.Type)? = FileCanarySettings.self
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    package func relocated(to place: Relocation) -> Self? {
        var settings = self
        settings.data = place.data
        return settings
    }

    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }

    /// A tree has at least its root, which an empty server lacks.
    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool { true }
    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
