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
        let newest = cost.newest.map { "\nto read the newest set, \($0): \(money(cost.newestRetrieval)) \(cost.currency)" }
        return """
            \(table.text)
            a month: \(money(cost.month)) \(cost.currency); to read everything: \(money(cost.retrieval)) \(cost.currency)\(newest ?? "")
            prices: \(cost.source.printable)
            check them: `dr stats --cost --print-prices` prints a list for --prices; requests and transfers are not counted
            """
    }

    private static func money(_ amount: Double?) -> String { amount.map { Units.fixed($0, 2) } ?? "-" }
}
