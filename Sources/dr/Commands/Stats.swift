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

    @Flag(name: .long, help: "Show the bytes in each storage class, and what they cost to keep and to read.")
    var cost = false

    @Option(name: .long, help: "With --cost: file with the prices of the store.", completion: .file())
    var prices: String?

    @Flag(name: .long, help: "With --cost: print the standard price list, as the beginning of your own.")
    var printPrices = false

    func validate() throws {
        if !cost, prices != nil || printPrices {
            throw ValidationError("--prices and --print-prices need --cost")
        }
        if printPrices, prices != nil || options.json {
            throw ValidationError("--print-prices prints YAML of its own: leave out --prices and --json")
        }
    }

    func run() async throws {
        if printPrices { return try StandardOutput.write(exactly: PriceList.standardText) }
        let list = try cost ? PriceList.read(prices) : nil
        let session = try await Session(options, source, key: key).askingOnce
        let repository = try await session.repository()
        if let list {
            let cost = try await session.storageCost(of: repository, at: list)
            let output = Output(options: options)
            if !cost.unpriced.isEmpty {
                output.warn(
                    "the price list has no class \(cost.unpriced.map(\.printable).joined(separator: ", "))\n"
                        + "hint: add it to a list of your own: `dr stats --cost --print-prices > prices.yaml`, then "
                        + "`dr stats --cost --prices prices.yaml`")
            }
            for (object, reason) in cost.unreadable.sorted(by: { $0.key < $1.key }) {
                output.warn("'\(object.printable)' cannot be read: \(reason)")
            }
            try output.result(cost) { CostText.full(cost, isStandard: prices == nil) }
            if !cost.unreadable.isEmpty { throw ExitStatus.partial }
            return
        }
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
