import ArgumentParser
import BackupRepository
import Operations
import Platform
import StackConfiguration

struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the files that differ between two backup sets.",
        discussion:
            "Each line begins with + (added), - (removed), M (content changed) or m (mode, owner or time changed).")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    @Argument(help: "Older backup set: \(SetSelector.words).")
    var older: SetSelector

    @Argument(help: "Newer backup set.")
    var newer: SetSelector = .latest

    @Option(name: .long, help: "Compare only this component.")
    var component: String?

    func run() async throws {
        let session = try await Session(options, source, key: key).fallingOver.askingOnce
        let repository = try await session.repository()
        let first = try await session.set(older, in: repository)
        let second = try await session.set(newer, in: repository)
        let names = component.map { [$0] } ?? Set(first.components.keys).union(second.components.keys).sorted()
        var stream = JSONStream(options.json ? "changes" : nil)
        for name in names {
            let before = try await listing(name, of: first, in: repository, session: session)
            let after = try await listing(name, of: second, in: repository, session: session)
            try before.changes(to: after) { change, record, old in
                let row = ChangeRow(change, of: record, in: name, was: old)
                try stream.add(row) {
                    "\(Self.sign(change)) \(name)/\(PathText.text(of: record.path))\(Self.sizes(change, row))"
                }
            }
        }
        try stream.end()
    }

    private func listing(
        _ component: String, of set: BackupSet, in repository: Repository, session: Session
    ) async throws -> TreeListing {
        guard set.components[component] != nil || self.component != nil else { return try TreeListing() }
        let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
        return try await TreeListing(of: manifest, in: repository, pool: session.pool)
    }

    private static func sign(_ change: TreeListing.Change) -> String {
        switch change {
        case .added: "+"
        case .removed: "-"
        case .modified: "M"
        case .described: "m"
        }
    }

    private static func sizes(_ change: TreeListing.Change, _ row: ChangeRow) -> String {
        guard change == .modified, let was = row.was else { return "" }
        return "  (\(Units.bytes(was)) to \(Units.bytes(row.size)))"
    }
}
