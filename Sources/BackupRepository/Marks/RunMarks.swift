internal import Cryptography
internal import ObjectStorage

/// `run`: a backup in progress. It keeps prunes from treating a long run's packs as those of a dead run. Only the
/// timing depends on it, not the safety.
struct RunMark: Mark {
    static let kind: String = "run"
    var format: Int = RepositoryFormat.version
    var kind: String = RunMark.kind
    var at: Timestamp
    var run: String

    /// Seconds, by the store's clock, after which a mark counts as left by a killed run.
    static let life = 7 * 86_400
}

/// `outcome`: the end of one run, decided by its first writer. There is one key for each run, so that a slow backup and
/// a prune that took it for dead cannot both decide.
struct OutcomeMark: Mark {
    static let kind: String = "outcome"

    enum Outcome: String, Codable, Sendable {
        /// Its set is valid, and stays until retention drops it.
        case committed
        /// A prune abandoned it: a set of this run is not valid.
        case void
    }

    var format: Int = RepositoryFormat.version
    var kind: String = OutcomeMark.kind
    var at: Timestamp
    var run: String
    var outcome: Outcome

    /// - Returns: the final outcome of `run`: this one, unless another was written before.
    static func settle(_ run: String, as outcome: Outcome, at: Timestamp, in store: any ObjectStore) throws -> Outcome {
        let key = Marks.key(kind, ofRun: run)
        do {
            let mark = OutcomeMark(at: at, run: run, outcome: outcome)
            _ = try store.put(key, try SealedDocument.encode(mark), options: PutOptions(.ifAbsent))
            return outcome
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {
            guard let found = try Marks(store).read(key, as: OutcomeMark.self) else {
                throw RepositoryError.damaged(key.text, "it vanished while the outcome of its run was looked up")
            }
            return found.outcome
        }
    }
}

/// `void`: shows readers in one listing that a run's outcome is ``OutcomeMark/Outcome/void``. Never removed: if such a
/// run writes a set later, this mark shows that the set is not valid.
struct VoidMark: Mark {
    static let kind: String = "void"
    var format: Int = RepositoryFormat.version
    var kind: String = VoidMark.kind
    var at: Timestamp
    var run: String

    static func key(_ run: String) -> ObjectKey { Marks.key(kind, ofRun: run) }

    static func write(_ run: String, at: Timestamp, in store: any ObjectStore) throws {
        do {
            _ = try store.put(
                key(run), try SealedDocument.encode(VoidMark(at: at, run: run)), options: PutOptions(.ifAbsent))
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {}
    }

    static func runs(in store: any ObjectStore) throws -> Set<String> {
        Set(try Marks(store).list(kind).compactMap { Layout.name(of: $0.key, suffix: ".json") })
    }
}
