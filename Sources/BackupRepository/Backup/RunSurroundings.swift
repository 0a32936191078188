/// The facts about a run that the backup of one of its components needs.
protocol RunSurroundings: Sendable {
    /// The random id of the run.
    var run: String { get }
    /// The share of the files to store; nil for all.
    var shard: Shard? { get }
    /// The shards that have stored files of this run.
    var parts: [ComponentJob.Part] { get }

    /// Returns the packs not to build upon.
    func unwanted(_ component: String) -> Set<String>

    /// Returns those of `packs` that are gone or may be removed at any time. Call it when the manifest is in the store.
    func doomed(_ packs: Set<String>, of component: String) throws -> Set<String>

    /// Returns the base of an incremental backup of a component.
    func base(of component: String) throws -> RunHistory.Base
}

extension BackupRun.Start: RunSurroundings {
    var run: String { guarding.run }
    var shard: Shard? { nil }
    var parts: [ComponentJob.Part] { [] }
    func unwanted(_ component: String) -> Set<String> { guarding.unwanted(component) }
    func doomed(_ packs: Set<String>, of component: String) throws -> Set<String> {
        try guarding.doomed(packs, of: component)
    }
    func base(of component: String) throws -> RunHistory.Base { try history.base(of: component) }
}
