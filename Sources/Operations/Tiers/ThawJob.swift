package import BackupRepository
package import ObjectStorage
import Platform

/// `dr thaw`: makes the archived packs of a backup set readable for some days.
package struct ThawJob {
    private let session: Session
    package var components: Set<String> = []
    package var days = 7
    package var speed = ThawSpeed.standard
    package var waits = false
    package let progress = WorkProgress()

    package init(_ session: Session) { self.session = session }

    /// The command that waits for the same packs.
    package func waitingCommand(for outcome: Outcome) -> String {
        let set = outcome.olderSets.isEmpty ? "\(outcome.set)" : "latest"
        let copy = session.copyName.map { " --copy \($0)" } ?? ""
        let parts = components.sorted().map { " --component \($0)" }.joined()
        return "dr thaw --set \(set)\(copy)\(parts) --wait"
    }

    /// The state of the packs at the end.
    package struct Outcome: Encodable, Sendable {
        /// The newest of the sets that a restore reads.
        package var set: Timestamp
        /// The other sets: the newest that hold a component whole, newest first.
        package var olderSets: [Timestamp] = []
        package var speed: ThawSpeed
        /// The archived packs that the sets need, and their bytes.
        package var packs = 0
        package var bytes = 0
        package var requested = 0
        package var inProgress = 0
        /// Packs that can be read now.
        package var readable = 0
        package var failed = 0
        /// The first failure.
        package var failure: String?
        /// Seconds after which the last pack can be read at the latest, as the store's operator says; absent if it is
        /// not known.
        package var seconds: Int?
        /// The time at which the first of the packs becomes unreadable again.
        package var readableUntil: Timestamp?

        package var isWhole: Bool { failed == 0 }
        /// True if packs cannot be read yet.
        package var isWaiting: Bool { readable < packs }

        package var text: String {
            guard packs > 0 else { return "\(sets): no pack is archived; a restore can begin" }
            let total = "\(Units.count(packs, "archived pack")), \(Units.bytes(bytes))"
            if readable == packs {
                let until = readableUntil.map { " until \($0.readable)" } ?? ""
                return "\(sets): \(total): all can be read\(until)"
            }
            let time = seconds.map { ", which takes up to \(Units.duration(seconds: $0))" } ?? ""
            return "\(sets): \(total): asked for \(requested), \(inProgress) in progress, \(readable) readable"
                + time
        }

        private var sets: String {
            guard !olderSets.isEmpty else { return "set \(set)" }
            return "sets " + ([set] + olderSets).map { "\($0)" }.joined(separator: ", ")
        }
    }

    /// Thaws what a restore with the same selector reads.
    /// - Throws: as a restore does for the selection; errors of the store; `CancellationError`.
    package func run(_ selector: SetSelector) async throws -> Outcome {
        let repository = try await session.repository()
        let selection = try await session.selection(
            selector, of: components.isEmpty ? nil : components, in: repository)
        let names = components.isEmpty ? Set(selection.parts.keys) : components
        var sets: [Timestamp] = []
        var manifests: [Manifest] = []
        for component in names.sorted() {
            let set = try await session.set(of: component, in: selection, repository)
            manifests.append(try await session.pool.run { try repository.manifest(component, of: set) })
            if !sets.contains(set.name) { sets.append(set.name) }
        }
        sets.sort(by: >)
        guard let newest = sets.first else { throw UsageError("the backup set holds no component to thaw") }
        var outcome = try await run(manifests, of: newest, in: repository)
        outcome.olderSets = Array(sets.dropFirst())
        return outcome
    }

    /// - Throws: errors of the store; `RepositoryError`; `CancellationError`. Failures of single requests are in the
    ///   outcome.
    func run(_ manifests: [Manifest], of set: Timestamp, in repository: Repository) async throws -> Outcome {
        progress.begin("looking at packs")
        let needs = PackNeeds(manifests, of: set)
        var archived = try await ArchivedPacks(of: needs, in: repository, pool: session.pool)
        var outcome = Outcome(set: set, speed: speed)
        (outcome.packs, outcome.bytes) = (archived.packs.count, archived.bytes)
        guard !archived.packs.isEmpty, let store = repository.store.tiering else {
            return outcome
        }
        if !archived.unreadable.isEmpty {
            guard let time = archived.thawTime(speed) else {
                throw UsageError(
                    "class \(archived.classes.map(\.name).joined(separator: ", ")) has no thaw at speed "
                        + "'\(speed.rawValue)'",
                    hint: "it has: \(archived.thawTimes)")
            }
            outcome.seconds = time
        }
        let thaw = Thaw(
            store, days: days, speed: speed, pool: session.pool, progress: progress,
            now: { [clock = session.clock] in Timestamp(seconds: clock.seconds) })
        let report = try await thaw.request(archived.packs)
        (outcome.requested, outcome.inProgress) = (report.requested, report.inProgress)
        (outcome.failed, outcome.failure) = (report.failed, report.failure)
        if waits, report.failed == 0 { try await thaw.wait(for: archived.packs) }
        archived = try await ArchivedPacks(of: needs, in: repository, pool: session.pool)
        outcome.readable = archived.packs.count - archived.unreadable.count
        outcome.readableUntil = archived.thawedUntil.map { Timestamp(seconds: $0.time) }
        return outcome
    }
}
