import ArgumentParser
import Blocking
import Configuration
import Repository

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the backup sets, oldest first.")

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Only the newest N sets.")
    var last: Int?

    func validate() throws {
        if let last, last < 1 { throw ValidationError("--last takes a number from 1") }
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let names = try await session.pool.run { try repository.setNames() }
        let (sets, unreadable) = try await repository.sets(names.suffix(last ?? names.count), pool: session.pool)
        for (name, reason) in unreadable { StandardError.write("dr: 'sets/\(name).json': \(reason)\n") }
        let now = Session.now()
        try Output(options: options).result(Result(sets: sets.map(Row.init), unreadable: unreadable.map(\.name))) {
            guard !sets.isEmpty else { return "no backup yet" }
            var table = Table([
                ("SET", .left), ("AGE", .right), ("STATUS", .left), ("COMPONENTS", .left), ("FILES", .right),
                ("SIZE", .right), ("STORED", .right),
            ])
            for set in sets {
                let row = Row(set)
                table.add([
                    "\(set.name)", Units.duration(seconds: max(0, now.seconds - set.name.seconds)), set.status.rawValue,
                    row.components.joined(separator: ","), "\(row.files)", Units.bytes(row.bytes),
                    Units.bytes(row.stored),
                ])
            }
            return table.text
        }
        if !unreadable.isEmpty { throw ExitStatus.repositoryDamaged }
    }

    private struct Result: Encodable {
        var sets: [Row]
        var unreadable: [Timestamp]
    }

    private struct Row: Encodable {
        var name: Timestamp
        var status: BackupSet.Status
        var started: Timestamp
        var finished: Timestamp
        var components: [String]
        var failed: [String]
        var files: Int
        var bytes: Int
        /// Bytes that the run added to the store.
        var stored: Int

        init(_ set: BackupSet) {
            name = set.name
            status = set.status
            (started, finished) = (set.started, set.finished)
            components = set.components.keys.sorted()
            failed = set.failed.keys.sorted()
            files = set.components.values.reduce(0) { $0 + $1.files }
            bytes = set.components.values.reduce(0) { $0 + $1.bytes }
            stored = set.components.values.reduce(0) { $0 + $1.added.stored }
        }
    }
}
