import BackupRepository
import Platform
package import Retention

/// The result of a simulation, as JSON, as tables and as a page.
package struct SimulationReport: Encodable, Sendable {
    var policy: String
    var schedule: String
    var from: Timestamp
    var until: Timestamp
    /// Backups made.
    var backups: Int
    /// The last second of the day that `kept`, `tiers` and `sets` describe.
    var at: Timestamp
    var kept: Int
    var tiers: [TierRow]
    /// Sets that no tier keeps, but floors, `keep_last` or `keep_within`.
    var otherSets: Int
    var timeline: [DayRow]
    /// The sets kept on the chosen day; nil without one.
    var sets: [SetRow]?

    struct TierRow: Encodable, Sendable {
        var tier: String
        var length: String
        var sets: Int
        /// The number of those sets that no other rule keeps.
        var alone: Int
        var oldest: Timestamp?
        var isFull: Bool
    }

    struct DayRow: Encodable, Sendable {
        var day: String
        var kept: Int
        var oldest: Timestamp?
        var fullBytes: Int
        var storedBytes: Int
        var pricePerMonth: Double
        var paid: Double
    }

    struct SetRow: Encodable, Sendable {
        var name: Timestamp
        var reasons: [String]
        /// The time of the removal; nil for a set that stays until a newer one exists.
        var until: Timestamp?
    }

    package init(_ simulation: Simulation, _ outcome: Simulation.Outcome, listsSets: Bool) {
        policy = simulation.policy.summary
        schedule = "\(simulation.schedule)"
        from = Timestamp(seconds: simulation.start)
        until = Timestamp(seconds: simulation.end)
        backups = outcome.runs
        at = Timestamp(seconds: outcome.at)
        let decisions = outcome.plan.decisions
        kept = decisions.count
        tiers = outcome.plan.statistics.tiers.map { use in
            let alone = decisions.count { $0.reasons.allSatisfy { $0.tier == use.tier } }
            return TierRow(
                tier: use.tier.rawValue, length: "\(use.length)", sets: use.sets, alone: alone,
                oldest: use.oldest.map(Timestamp.init(seconds:)), isFull: use.isFull)
        }
        otherSets = decisions.count { $0.reasons.allSatisfy { $0.tier == nil } }
        timeline = Self.timeline(simulation, outcome)
        sets =
            listsSets
            ? decisions.map { decision in
                SetRow(
                    name: Timestamp(seconds: decision.set.time), reasons: decision.reasons.map(\.text),
                    until: decision.keptUntil.map(Timestamp.init(seconds:)))
            } : nil
    }

    /// Every day of up to two months, the last day of each month of up to three years, else of each year; and the last day.
    private static func timeline(_ simulation: Simulation, _ outcome: Simulation.Outcome) -> [DayRow] {
        let days = outcome.days
        let names = simulation.policy.timeZone.days(of: days.map(\.end))
        let common = days.count <= 62 ? 10 : days.count <= 3 * 366 ? 7 : 4
        return days.indices.filter { index in
            index == days.count - 1 || days[index].end == outcome.at
                || names[index].prefix(common) != names[index + 1].prefix(common)
        }.map { index in
            let day = days[index]
            return DayRow(
                day: names[index], kept: day.kept, oldest: day.oldest.map(Timestamp.init(seconds:)),
                fullBytes: wholeBytes(day.full), storedBytes: wholeBytes(day.stored),
                pricePerMonth: cents(day.pricePerMonth), paid: cents(day.paid))
        }
    }

    /// Clamps the size, since a model may grow without bounds.
    private static func wholeBytes(_ size: Double) -> Int { Int(clamping: size) }

    /// Rounds a price to 0.0001.
    private static func cents(_ price: Double) -> Double { (min(price, 1e14) * 10_000).rounded() / 10_000 }
}

extension Reason {
    /// The tier of this reason; nil for other rules.
    fileprivate var tier: Tier? {
        switch base {
        case .newest(let period, _): period.tier
        case .oldest(let tier, _, _): tier
        default: nil
        }
    }
}

extension SimulationReport {
    package var text: String {
        var parts = [
            """
            policy    \(policy)
            backups   \(schedule) from \(from.readable) to \(until.readable) UTC: \(backups)
            """, "kept at \(at.readable) UTC: \(kept)\n\(tierTable.text)", timelineTable.text,
        ]
        if let setTable { parts.append(setTable.text) }
        parts.append("prices are in the currency of --cost-per-gb-month")
        return parts.joined(separator: "\n\n")
    }

    private var tierTable: Table {
        var table = Table([
            ("TIER", .left), ("LENGTH", .right), ("SETS", .right), ("ONLY FOR IT", .right), ("OLDEST", .left),
        ])
        for row in tiers {
            let note = row.isFull ? "" : " (the history is shorter)"
            table.add([
                row.tier, row.length, "\(row.sets)", "\(row.alone)", (row.oldest?.readable ?? "-") + note,
            ])
        }
        if otherSets > 0 { table.add(["other rules", "", "\(otherSets)", "\(otherSets)", ""]) }
        return table
    }

    private var timelineTable: Table {
        var table = Table([
            ("END OF", .left), ("SETS", .right), ("OLDEST", .left), ("FULL BACKUP", .right), ("STORED", .right),
            ("PRICE PER MONTH", .right), ("PAID", .right),
        ])
        for row in timeline {
            table.add([
                row.day, "\(row.kept)", row.oldest?.readable ?? "-", Units.bytes(row.fullBytes),
                Units.bytes(row.storedBytes), Units.fixed(row.pricePerMonth, 2), Units.fixed(row.paid, 2),
            ])
        }
        return table
    }

    private var setTable: Table? {
        sets.map { sets in
            var table = Table([("SET", .left), ("KEPT UNTIL", .left), ("REASONS", .left)])
            for set in sets {
                table.add(["\(set.name)", set.until?.readable ?? "-", set.reasons.joined(separator: "; ")])
            }
            return table
        }
    }

    package func page(picture: String) -> Page {
        Page(
            title: "Retention simulation", picture: picture,
            tables: [tierTable, timelineTable, setTable].compactMap(\.self))
    }
}
