import ArgumentParser
import BackupRepository
import ObjectStorage
import Operations
import Platform
import StackConfiguration

struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the content of the repository and its size.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    func run() async throws {
        let session = try await Session(options, source, key: key).askingOnce
        let repository = try await session.repository()
        let statistics = try await Statistics(of: repository, pool: session.pool)
        try Output(options: options).result(statistics) {
            var table = Table([
                ("COMPONENT", .left), ("BACKUPS", .right), ("NEWEST", .right), ("FILES", .right),
                ("ALL BACKUPS", .right),
                ("STORED", .right), ("PACKS", .right), ("RATIO", .right),
            ])
            for part in statistics.components {
                let ratio =
                    part.storedBytes == 0
                    ? "-" : "\(Units.fixed(Double(part.plainBytes) / Double(part.storedBytes), 1))x"
                table.add([
                    part.name, "\(part.backups)", Units.bytes(part.newestBytes), "\(part.newestFiles)",
                    Units.bytes(part.plainBytes), Units.bytes(part.storedBytes), "\(part.packs)", ratio,
                ])
            }
            let range = statistics.oldest.flatMap { oldest in statistics.newest.map { "\(oldest) to \($0)" } }
            return """
                repository \(repository.description.id), format \(repository.description.format), in \(repository.store.location)
                \(Units.count(statistics.sets, "set"))\(range.map { ", \($0)" } ?? ""), \(Units.bytes(statistics.storedBytes)) in \(Units.count(statistics.objects, "object"))
                \(table.text)
                """
        }
    }
}
