package import BackupRepository
package import Documents

/// One kind of component: its settings, and all parts that are made from them.
///
/// A value is one entry under `components` in `dr.yaml`, with the keys of its kind; the type stands for the kind. Only
/// the composition root lists the kinds: no other code names a kind.
///
/// No requirement has a default, since a missing answer about the content of a backup, the places of a component or the
/// checks of a restore would silently make recoveries less safe. A kind without a feature returns `nil` or `[]`.
package protocol ComponentKind: Section, Equatable {
    /// The name of the kind in `dr.yaml` and in manifests.
    static var name: String { get }

    /// The kind's part of the commented `dr.yaml` that `dr init` writes.
    static var template: TemplateParts { get }

    /// The marks of a running server, for `dr init --discover`; nil for a kind without a server.
    static var recognition: Recognition? { get }

    // MARK: Backup and restore

    func source(_ context: ComponentContext) throws -> any ComponentSource

    /// The inspector of contents, which verifies each file of a backup when it is stored, verified and restored.
    /// - Parameter settings: nil if the configuration does not have the component any more; the content must still be
    ///   inspected.
    /// - Returns: nil if any bytes are valid content.
    static func restorer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentRestorer)?

    /// The importer, for a kind whose restored files must be imported into a server or unpacked.
    /// - Returns: nil if the restored files are the component, or if there are no settings.
    static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)?

    /// True if a restore can be limited to tenants and times.
    static var canSlice: Bool { get }

    /// The way in which `dr heal` puts back damaged or missing parts; nil if the kind has none.
    func healing(_ context: ComponentContext) throws -> HealMethod?

    /// The finder of gaps in the component's backups; nil if the kind has none.
    func gaps(_ context: ComponentContext) throws -> (any GapFinder)?

    /// Names of programs that are often installed together with the kind's. Gap search looks for directories with these
    /// names.
    static var neighbours: [String] { get }

    /// The trace of a running server of the kind in metrics; nil if there is none.
    static var trace: ServerTrace? { get }

    /// The backups of other tools that `dr import` reads; empty if there are none.
    static var foreignBackups: [ForeignBackup] { get }

    // MARK: Places

    /// The absolute path of the directory that a recovery restores in place; nil for a component in a server or
    /// elsewhere.
    var home: String? { get }

    /// The server, for HTTP steps of plans; nil if none is configured or the kind has none.
    var server: HTTPAccess? { get }

    /// All places that a restore of the component writes to or connects to. A drill refuses the live stack's places.
    /// - Parameter owner: the component's name.
    func places(of owner: String) -> [Place]

    /// Additional directories that a backup writes to, which a sandboxed schedule must allow.
    var writablePaths: [String] { get }

    /// True for a kind without a data directory whose files several processes can capture at once.
    static var isSharable: Bool { get }

    /// A fact of the component's server that a restore would change and that normal operation does not. A drill compares
    /// it before and after, to show that it did not change the live stack. Blocks.
    /// - Returns: nil if the kind has no such fact; the directories among its places are compared anyway.
    func identity(_ context: ComponentContext) throws -> String?

    // MARK: Checks

    /// The checks of the kind.
    static var checks: [OfferedCheck<Self>] { get }

    /// The rules of recorded queries; nil if the kind does not record queries.
    static var recordedQueries: RecordedQueryRules? { get }

    /// The recorder of queries; nil if the kind does not record queries or no server is configured.
    func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)?

    /// The type of the settings under `checks: canaries:`; nil if the kind does not support canaries.
    static var canary: (any CanarySettings.Type)? { get }

    /// The metrics of the stack, if the kind's server keeps them; nil for all other kinds.
    static var metrics: MetricRules<Self>? { get }

    // MARK: Drills

    /// The same component in a drill's environment, without any reference to the live component.
    /// - Returns: nil if the kind needs a server and the drill has none for it.
    func relocated(to place: Relocation) -> Self?

    /// The reason why no drill restores components of the kind; nil if a drill can, with a server.
    static var drillRefusal: String? { get }

    /// The server that a drill starts if `dr.yaml` does not name one; nil if the program is not installed, or must be
    /// configured.
    static func drillServer(environment: [String: String]) -> DrillServerOptions?

    /// The text of the drill server's configuration, `${folder}/${name}.yml`; nil if it does not need one.
    /// - Parameter port: the port of the drill's server on 127.0.0.1.
    static func drillConfiguration(port: String) -> String?

    /// True if a backup holds data that an empty server would lack. Only then the control run of a drill can leave the
    /// server empty and expect a failure.
    /// - Parameters:
    ///   - facts: the facts of the backup's manifest.
    ///   - now: milliseconds since 1970, for data that expires.
    static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool

    /// An object that the control run of a drill can remove from the restored server; nil if there is none.
    static var droppable: DroppableObject<Self>? { get }

    // MARK: Forecasts

    /// The advice on a smaller first restore, such as the newest data only; nil if the kind has none.
    /// - Parameters:
    ///   - component: its name in `dr.yaml`.
    ///   - share: the share of the data that can be restored in time: "40%".
    static func adviceForLess(component: String, share: String) -> String?
}

extension ComponentKind {
    package static var isSharable: Bool { false }

    package static var drillRefusal: String? { nil }
    package func healing(_ context: ComponentContext) throws -> HealMethod? { nil }

    /// The plain text settings by key, never a secret. A plan may refer to them as `${name.url}`.
    package var plainSettings: [String: String] {
        let pairs = Self.keys.compactMap { key in key.plainText(self).map { (key.name, $0) } }
        return Dictionary(pairs) { $1 }.filter { !$0.value.isEmpty }
    }

    /// A place for each plain setting that is an absolute path or an HTTP URL.
    package func placesInSettings(of owner: String) -> [Place] {
        var places: [Place] = []
        for (_, value) in plainSettings.sorted(by: { $0.key < $1.key }) {
            if value.hasPrefix("/") { places.append(Place(owner, .directory(value))) }
            if ["http://", "https://", ClusterAddress.scheme].contains(where: value.hasPrefix) {
                places.append(Place(owner, .server(url: value)))
            }
        }
        return places
    }

    package func isEqual(to other: any ComponentKind) -> Bool { self == other as? Self }
}

/// A kind's part of the commented `dr.yaml`.
package struct TemplateParts: Sendable {
    /// The entry under `components`, with comments. Its first line has no indentation.
    package var component: String
    /// True if the entry is active in the template, as for one kind only. All others are commented out.
    package var isActive: Bool
    /// A line under `checks: canaries:`; nil if the kind has no canary or needs no example.
    package var canary: String?
    /// A line under `drill: servers:`.
    package var drillServer: String?

    package init(_ component: String, isActive: Bool = false, canary: String? = nil, drillServer: String? = nil) {
        self.component = component
        self.isActive = isActive
        self.canary = canary
        self.drillServer = drillServer
    }
}
