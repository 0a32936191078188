import Operations
import Platform

/// The result of `dr stats --cost` as text.
enum CostText {
    /// - Parameter isStandard: true for the price list of the program, which needs a check.
    static func full(_ cost: StorageCost, isStandard: Bool) -> String {
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
        if let month = cost.month {
            lines.append("a month: \(money(month)) \(currency)\(without(cost.unpriced))")
            lines.append("to read everything: \(money(cost.retrieval)) \(currency)\(without(cost.unpriced))")
        } else if !cost.unpriced.isEmpty {
            lines.append("no prices are known for class \(cost.unpriced.map(\.printable).joined(separator: ", "))")
        }
        if let newest = cost.newest {
            let part = cost.unreadable.isEmpty ? "" : ", as far as it can be read"
            if let retrieval = cost.newestRetrieval {
                let rest = without(cost.newestUnpriced)
                lines.append("to read the newest set, \(newest)\(part): \(money(retrieval)) \(currency)\(rest)")
            } else if !cost.newestUnpriced.isEmpty {
                lines.append(
                    "to read the newest set, \(newest)\(part): unknown, because no price is known for class "
                        + cost.newestUnpriced.map(\.printable).joined(separator: ", "))
            }
        }
        lines.append("prices: \(cost.source.printable)")
        if isStandard {
            lines.append(
                "check them: `dr stats --cost --print-prices > prices.yaml` writes a list for --prices prices.yaml")
        }
        lines.append("not counted: requests, transfers, and former versions in a bucket that keeps versions")
        return lines.joined(separator: "\n")
    }

    private static func without(_ classes: [String]) -> String {
        classes.isEmpty ? "" : ", without class \(classes.map(\.printable).joined(separator: ", "))"
    }

    private static func money(_ amount: Double?) -> String {
        guard let amount else { return "-" }
        // A small price is not the same as none.
        return amount > 0 && amount < 0.005 ? "<0.01" : Units.fixed(amount, 2)
    }
}
