import Operations
import Platform

/// The result of `dr stats --cost` as text.
enum CostText {
    static func full(_ cost: StorageCost) -> String {
        var table = Table([
            ("CLASS", .left), ("OBJECTS", .right), ("STORED", .right), ("A MONTH", .right), ("READ ALL", .right),
            ("AT LEAST", .right), ("YOUNGER", .right), ("OWED", .right),
        ])
        for part in cost.classes {
            table.add([
                part.name, "\(part.objects)", Units.bytes(part.bytes), money(part.month), money(part.retrieval),
                part.leastDays == 0 ? "-" : "\(part.leastDays)d", Units.bytes(part.youngBytes),
                money(part.committed),
            ])
        }
        let currency = cost.currency.printable
        var lines = [table.text]
        lines.append("a month: \(money(cost.month)) \(currency)")
        lines.append("to read everything: \(money(cost.retrieval)) \(currency)")
        if let newest = cost.newest {
            lines.append("to read the newest set, \(newest): \(money(cost.newestRetrieval)) \(currency)")
        }
        lines += [
            "prices: \(cost.source.printable)",
            "check them: `dr stats --cost --print-prices` prints a list for --prices",
            "not counted: requests, transfers, and former versions in a bucket that keeps versions",
        ]
        return lines.joined(separator: "\n")
    }

    private static func money(_ amount: Double?) -> String { amount.map { Units.fixed($0, 2) } ?? "-" }
}
