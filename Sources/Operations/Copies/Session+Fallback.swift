import BackupRepository
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration
internal import Synchronization

/// The stores that a restore reads from when the first one lacks an object, or has it damaged.
extension Session {
    /// The same session for a command that reads backups: what the first store lacks comes from the copies of dr.yaml, in
    /// their order. Not for a backup, a prune or a verification, which are about one store.
    package var fallingOver: Session {
        var session = self
        session.alternatives = configuration.store.copies
        return session
    }

    /// Opens the first store with the copies behind it.
    /// - Throws: `UsageError`. A store that cannot be opened is passed over by the reads.
    func storeWithAlternatives() throws -> any ObjectStore {
        let expected = knownRepository
        let first = try place(configuration.store, named: "the first store", attempts: nil) { $0 }
        let others = try alternatives.map { copy in
            var place = try place(
                copy.store, named: "copy \(copy.name)", attempts: Self.attemptsAtCopy, advising: copy.advising)
            // On a machine that knows no repository, the sets themselves say which one they belong to.
            guard let expected else { return place }
            place.check = { store in
                let found: String
                do { found = try Repository(opening: store).description.id } catch {
                    throw copy.advising(error as any Error)
                }
                guard expected == found else {
                    throw RepositoryError(
                        .otherRepository, object: store.location, "it is repository \(found), not \(expected)",
                        hint: "name another place as copy '\(copy.name)'")
                }
            }
            return place
        }
        return FallbackStore(
            first, then: others, waits: Self.waits, tell: FallbackNotices(Output(options: options)).tell)
    }

    /// A store that is away must not hold up a restore that another store can serve.
    private static let attemptsAtCopy = 3
    private static let patience = Duration.seconds(30)
    /// The waits while no store answers: a copy is tried briefly, and must not be lost to a moment in which it is busy.
    private static let waits: [Duration] = [.seconds(1), .seconds(5), .seconds(15)]

    /// - Parameters:
    ///   - attempts: the number of tries of a request; nil for as many as usual.
    ///   - advising: adds a hint to the error of a store that cannot be opened.
    private func place(
        _ store: StoreConfiguration, named name: String, attempts: Int?,
        advising: (ObjectStoreError) -> ObjectStoreError
    ) throws -> FallbackStore.Place {
        do {
            return FallbackStore.Place(
                name: name,
                store: try StoreFactory.make(
                    store, attempts: attempts, patience: Self.patience, use: storeUse, logger: logger))
        } catch let error as ObjectStoreError {
            storeUse.noteUnreachable()
            return FallbackStore.Place(name: name, store: ClosedStore("\(store.url)", because: advising(error)))
        }
    }
}

/// Says once for each store that it is passed over, and for the first objects that come from another store.
private final class FallbackNotices: Sendable {
    private let output: Output
    private let told = Mutex(0)
    private static let most = 3

    init(_ output: Output) { self.output = output }

    @Sendable func tell(_ notice: FallbackStore.Notice) {
        switch notice {
        case .away(let place, let error):
            output.warn("\(place) is passed over: \(error)")
        case .replaced(let key, let place, let reason, let source):
            let number = told.withLock { told in
                told += 1
                return told
            }
            guard number <= Self.most else { return }
            output.warn("'\(key)' comes from \(source), because \(place) does not have it whole: \(reason)")
            if number == Self.most { output.warn("further objects that come from another store are not listed") }
            if number == 1 { output.note("hint: `dr repair` heals one store from the others") }
        }
    }
}
