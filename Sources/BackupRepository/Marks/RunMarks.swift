internal import Cryptography
internal import ObjectStorage

/// `run`: a backup is on its way. It saves a long run's packs from being taken for those of a dead one; nothing rests
/// on it but time.
struct RunMark: Mark {
    static let kind: String = "run"
    var format: Int = RepositoryFormat.version
    var kind: String = RunMark.kind
    var at: Timestamp
    var run: String

    /// Seconds, by the store's clock, after which a mark counts as left behind by a run that was killed.
    static let life = 7 * 86_400
}

/// `outcome`: the end of one run, which whoever writes it first decides. There is one key for each run, so that a
/// backup that was only slow and a prune that took it for dead can never both have it their way.
struct OutcomeMark: Mark {
    static let kind: String = "outcome"

    enum Outcome: String, Codable, Sendable {
        /// Its set is there, and stays until retention drops it.
        case committed
        /// It was given up: a set of this run is none.
        case void
    }

    var format: Int = RepositoryFormat.version
    var kind: String = OutcomeMark.kind
    var at: Timestamp
    var run: String
    var outcome: Outcome

    /// - Returns: what the outcome of `run` is from now on: this one, unless another was written before.
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

/// `void`: says for readers, where one listing finds it, that a run's outcome is ``OutcomeMark/Outcome/void``. Never
/// removed: only with it a set that such a run writes after all is known for what it is.
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
