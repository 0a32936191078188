import BackupRepository
import Operations
import Cryptography
import Platform
import RecoveryPlan

/// The seed of a drill, and the backup set that it draws.
struct DrillLottery {
    private let drill: Drill
    private let repository: Repository

    init(_ drill: Drill, in repository: Repository) {
        self.drill = drill
        self.repository = repository
    }

    /// The state at the start of a drill.
    struct Start {
        /// The place in the ledger before the drill.
        var begin: LedgerBegin
        var lottery: Lottery
        /// The drawn set, or the one that the operator chose.
        var set: SetSelector

        /// The events for the beginning of the journal.
        var events: [JournalEvent] { [.ledger(begin: begin), .lottery(lottery: lottery)] }
    }

    func start() async throws -> Start {
        let live = drill.live
        let (repository, now) = (repository, live.now())
        let begin: LedgerBegin
        if let begun = drill.begun {
            begin = begun
        } else {
            let head = try await live.pool.run { try RunLedger(repository).newest() }
            begin = LedgerBegin(number: nil, previousNumber: head?.number, previous: head?.sha256.hex)
        }
        let newest = try await live.pool.run { () -> (String, String)? in
            guard let set = try repository.newestSet(now: now).set else { return nil }
            return ("\(set.name)", try repository.digest(ofSet: set.name).hex)
        }
        // An alias would give another seed.
        let scenario = try live.planLibrary().entry(for: drill.scenario).scenario
        var lottery = Lottery(set: newest?.0, setDigest: newest?.1, ledger: begin.previous, scenario: scenario)
        guard drill.drawsSet else {
            if drill.at != .latest { lottery.chosen = ["set": drill.at.choice] }
            return Start(begin: begin, lottery: lottery, set: drill.at)
        }
        let names = try await live.pool.run { try repository.setNames() }
            .filter { !repository.scope.isFuture($0, at: now) }.map(\.description)
        let seeded = lottery
        let (drawn, after) = try await live.pool.run { () -> (Timestamp?, Lottery) in
            var lottery = seeded
            let name = try lottery.draw("set", from: names) { name -> Timestamp? in
                guard let name = Timestamp(name) else { return nil }
                do {
                    let set = try repository.set(name)
                    // A set of some components says nothing about the others.
                    return repository.scope.owns(set) && set.skipped.isEmpty ? name : nil
                } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
                    return nil
                }
            }
            return (name, lottery)
        }
        return Start(begin: begin, lottery: after, set: drawn.map { .named($0) } ?? .latest)
    }
}

extension SetSelector {
    /// The choice of an operator, for the report.
    fileprivate var choice: String {
        switch self {
        case .latest: "latest"
        case .named(let name): "\(name)"
        case .at(let time): "newest at \(time)"
        case .age(let seconds): "newest before \(seconds) s ago"
        case .day(let days): "newest of \(days) days ago"
        case .sets(let sets): Set(sets.values).sorted().map(\.description).joined(separator: ", ")
        }
    }
}
