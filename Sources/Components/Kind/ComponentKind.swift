package import BackupRepository
package import Documents

/// All that `dr` must know of one kind of component: its settings, and everything that is made from them.
///
/// A value is one entry under `components` in `dr.yaml`, with the keys of its kind; the type stands for the kind. The
/// list of kinds stands in the composition root alone: no other code names a kind.
///
/// There is no default for any requirement: silence about the content of a backup, the places of a component or the
/// checks of a restore would make recoveries less safe without a sign. A kind that has nothing to offer says so with
/// `nil` or `[]`.
package protocol ComponentKind: Section, Equatable {
    /// The word for the kind in `dr.yaml` and in manifests.
    static var name: String { get }

    /// Its part of the commented `dr.yaml` that `dr init` writes.
    static var template: TemplateParts { get }

    // MARK: Backup and restore

    func source(_ context: ComponentContext) throws -> any ComponentSource

    /// The inspector of contents: it proves each file of a backup when it is stored, verified and restored.
    /// - Parameter settings: nil where the configuration has no such component any more: the content must be
    ///   inspected all the same.
    /// - Returns: nil where any bytes are valid content.
    static func restorer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentRestorer)?

    /// The importer, for a kind whose restored files must be taken into a server or unpacked.
    /// - Returns: nil where the files in place are the component, and where there are no settings to import with.
    static func importer(_ settings: Self?, _ context: ComponentContext) throws -> (any ComponentImporter)?

    /// True if a restore can be limited to tenants and times.
    static var canSlice: Bool { get }

    /// The finder of what the component's backups lack; nil where the kind cannot tell.
    func gaps(_ context: ComponentContext) throws -> (any GapFinder)?

    /// Names of programs that are often installed beside the kind's: a directory named so is looked for in gap search.
    static var neighbours: [String] { get }

    // MARK: Where it lives

    /// The absolute path of the directory that a recovery restores in place; nil for a component in a server, or
    /// elsewhere.
    var home: String? { get }

    /// The server, for HTTP steps of plans; nil where none is configured or the kind has none.
    var server: HTTPAccess? { get }

    /// Everything that a restore of the component writes to or talks to. A drill refuses to touch the live stack's.
    /// - Parameter owner: the component's name.
    func places(of owner: String) -> [Place]

    /// Directories that a backup writes into, besides `dr`'s own: a sandboxed schedule must allow them.
    var writablePaths: [String] { get }

    /// A fact of the component's server that a restore into it would change and that its daily life does not. Two looks
    /// tell that a drill left the live stack untouched. Blocks.
    /// - Returns: nil where the kind has no such fact; the directories among its places are compared anyway.
    func identity(_ context: ComponentContext) throws -> String?

    // MARK: Checks

    /// The checks that the kind offers, by name.
    static var checks: [OfferedCheck<Self>] { get }

    /// The languages of the queries whose results are recorded with a set; nil where nothing is recorded.
    static var recordedQueries: RecordedQueryRules? { get }

    /// The recorder that asks such queries; nil where nothing is recorded or no server is configured.
    func recorder(_ component: CheckedComponent) throws -> (any QueryRecorder)?

    /// The type of its settings under `checks: canaries:`; nil where the kind has no place for a canary.
    static var canary: (any CanarySettings.Type)? { get }

    /// The metrics of the stack, where the kind's server keeps them; nil for all other kinds.
    static var metrics: MetricRules<Self>? { get }

    // MARK: Drills

    /// The same component in a drill's place: nothing of the live one is left that could be written to or asked.
    /// - Returns: nil where the kind needs a server and the drill has none for it.
    func relocated(to place: Relocation) -> Self?

    /// The server that a drill starts where `dr.yaml` names none: nil where the program is not installed, or must be
    /// configured.
    static func drillServer(environment: [String: String]) -> DrillServerOptions?

    /// The text of the drill server's configuration, `${folder}/${name}.yml`; nil where it needs none.
    /// - Parameter port: of the drill's server, on 127.0.0.1.
    static func drillConfiguration(port: String) -> String?

    /// True if a backup holds anything that an empty server would lack: only then can the control run of a drill leave
    /// the server empty and expect an alarm.
    /// - Parameters:
    ///   - facts: those of the backup's manifest.
    ///   - now: milliseconds since 1970, for data that end by themselves.
    static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool

    /// An object that the control run of a drill can remove from the restored server; nil where there is none.
    static var droppable: DroppableObject<Self>? { get }

    // MARK: Forecasts

    /// Advice on how to restore less, at first or at all, such as the newest data; nil where the kind has none.
    /// - Parameters:
    ///   - component: its name in `dr.yaml`.
    ///   - share: of the data that can be restored in time: "40%".
    static func adviceForLess(component: String, share: String) -> String?
}

extension ComponentKind {
    /// The settings that are plain text, by key: a plan may refer to them as `${name.url}`. Never a secret.
    package var plainSettings: [String: String] {
        let pairs = Self.keys.compactMap { key in key.plainText(self).map { (key.name, $0) } }
        return Dictionary(pairs) { $1 }.filter { !$0.value.isEmpty }
    }

    /// A place for each plain setting that is an absolute path or an HTTP address.
    package func placesInSettings(of owner: String) -> [Place] {
        var places: [Place] = []
        for (_, value) in plainSettings.sorted(by: { $0.key < $1.key }) {
            if value.hasPrefix("/") { places.append(Place(owner, .directory(value))) }
            if value.hasPrefix("http://") || value.hasPrefix("https://") {
                places.append(Place(owner, .server(url: value)))
            }
        }
        return places
    }

    package func isEqual(to other: any ComponentKind) -> Bool { self == other as? Self }
}

/// A kind's part of the commented `dr.yaml`.
package struct TemplateParts: Sendable {
    /// The entry under `components`, with a comment to each key that needs one. Its first line has no indentation.
    package var component: String
    /// True if the entry is active in the template: of one kind. All others are commented out.
    package var isActive: Bool
    /// A line under `checks: canaries:`; nil where the kind has no canary or needs no example.
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
