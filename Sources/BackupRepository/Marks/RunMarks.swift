internal import Cryptography
internal import ObjectStorage

/// `run`: a backup in progress. It keeps prunes from treating a long run's packs as those of a dead run. Only the
/// timing depends on it, not the safety.
struct RunMark: Mark {
    static let kind: String = "run"
    var format: Int = RepositoryFormat.version
    var kind: String = RunMark.kind
    var takesAway: Bool { false }
    var at: Timestamp
    var run: String

    /// Seconds, by the store's clock, after which a mark counts as left by a killed run.
    static let life = 7 * 86_400
}

/// `outcome`: the end of one run, decided by its first writer. There is one key for each run, so that a slow backup and
/// a prune that took it for dead cannot both decide.
struct OutcomeMark: Mark {
    static let kind: String = "outcome"
    /// Only for ``Outcome/void``.
    static let roles: Set<SignerRole> = [.prune]
    /// A signed ``Outcome/committed`` proves that there was a set. Without a signature it has its other effect as well: it
    /// keeps the objects of the run, which costs space and takes nothing away.
    static let isAlwaysSigned = true

    enum Outcome: String, Codable, Sendable {
        /// Its set is valid, and stays until retention drops it.
        case committed
        /// A prune abandoned it: a set of this run is not valid.
        case void
    }

    var format: Int = RepositoryFormat.version
    var kind: String = OutcomeMark.kind
    var takesAway: Bool { outcome == .void }
    var at: Timestamp
    var run: String
    var outcome: Outcome

    /// - Returns: the final outcome of `run`: this one, unless another was written before.
    static func settle(_ run: String, as outcome: Outcome, at: Timestamp, in marks: Marks) throws -> Outcome {
        let key = Marks.key(kind, ofRun: run)
        do {
            try marks.put(OutcomeMark(at: at, run: run, outcome: outcome), at: key)
            return outcome
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {
            guard let found = try find(run, in: marks) else {
                throw RepositoryError.damaged(key.text, "it vanished while the outcome of its run was looked up")
            }
            return found
        }
    }

    /// - Returns: the outcome of the run; nil if it has none yet.
    /// - Throws: `RepositoryError` `.damaged`.
    static func find(_ run: String, in marks: Marks) throws -> Outcome? {
        do {
            guard let mark = try marks.read(Marks.key(kind, ofRun: run), as: OutcomeMark.self) else { return nil }
            return mark.run == run ? mark.outcome : .committed
        } catch let error as RepositoryError
            where error.reason == .untrusted || error.reason == .damaged && marks.needsSignatures
        {
            // Only a void outcome needs a signature. Without one, the run was not abandoned.
            return .committed
        }
    }
}

extension OutcomeMark {
    /// Returns true if a trusted signer of sets signed that the run has committed its set after a time.
    static func isCommitted(_ run: String, after time: Timestamp, in marks: Marks) throws -> Bool {
        let mark = try marks.readSigned(Marks.key(kind, ofRun: run), as: OutcomeMark.self, by: [.backup])
        return mark.map { $0.run == run && $0.outcome == .committed && $0.at >= time } ?? false
    }
}

/// `void`: shows readers in one listing that a run's outcome is ``OutcomeMark/Outcome/void``. Never removed: if such a
/// run writes a set later, this mark shows that the set is not valid.
struct VoidMark: Mark {
    static let kind: String = "void"
    static let roles: Set<SignerRole> = [.prune]
    var format: Int = RepositoryFormat.version
    var kind: String = VoidMark.kind
    var takesAway: Bool { true }
    var at: Timestamp
    var run: String

    static func key(_ run: String) -> ObjectKey { Marks.key(kind, ofRun: run) }

    static func write(_ run: String, at: Timestamp, in marks: Marks) throws {
        do {
            try marks.put(VoidMark(at: at, run: run), at: key(run))
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {}
    }
}

/// The runs that prunes have abandoned. The listing only says where to look: a mark counts if its content is valid, and if
/// the outcome of the run does not contradict it.
struct VoidRuns: Sendable {
    private let marks: Marks
    /// The keys of the marks, from one listing; nil to look each run up.
    private let listed: Set<ObjectKey>?

    /// Looks each run up, without a listing.
    init(askingAbout marks: Marks) { (self.marks, listed) = (marks, nil) }

    init(listing repository: Repository) throws {
        marks = Marks(repository)
        listed = Set(try marks.list(VoidMark.kind).map(\.key))
    }

    /// Returns true if a prune abandoned the run, so that a set of it is not valid.
    func contains(_ run: String) throws -> Bool {
        let key = VoidMark.key(run)
        if let listed, !listed.contains(key) { return false }
        do {
            guard let mark = try marks.read(key, as: VoidMark.self), mark.run == run else { return false }
        } catch let error as RepositoryError where error.reason == .damaged || error.reason == .untrusted {
            return false
        }
        // A run that has committed its set cannot be abandoned any more.
        return try OutcomeMark.find(run, in: marks) != .committed
    }

    /// The listed marks that do not count although sets must be signed. dr writes none that is unreadable, so every
    /// defect counts as a missing signature.
    func defects() throws -> [RepositoryError] {
        try (listed ?? []).sorted().prefix(UntrustedMarks.most).compactMap { key in
            do {
                _ = try marks.read(key, as: VoidMark.self)
                return nil
            } catch let error as RepositoryError where error.reason == .damaged || error.reason == .untrusted {
                return RepositoryError.untrusted(key, error.detail)
            }
        }
    }
}
