internal import ObjectStorage

/// `sampled`: the progress of reading all packs, a share in each run. Each mark holds the whole state, so that any
/// machine can continue from the newest one, and older ones can be removed.
struct SampledMark: Mark {
    static let kind: String = "sampled"
    var format: Int = RepositoryFormat.version
    var kind: String = SampledMark.kind
    /// It says which packs need no reading, and which are damaged: the verdicts on sets follow from it.
    var takesAway: Bool { true }
    var at: Timestamp
    var tool: String
    /// The time at which the first share was read; it counts for everything that was not read since.
    var began: Timestamp
    var ring: ReadingRing
    /// Bytes, never above 0: the bytes that runs have read beyond their share, because packs are read whole.
    var credit: Int
    /// Packs found damaged and still in use, by component.
    var damaged: [String: [String]]

    /// The number of marks that are read: more than one, because several machines may run at the same time.
    static let most = 4

    /// Returns the newest marks joined: a pack counts as read if one of them says so.
    /// - Returns: nil if no share was ever read; and the keys of the joined marks.
    static func newest(
        in marks: Marks, unreadable: (RepositoryError) -> Void = { _ in }
    ) throws -> (state: SampledMark?, keys: [ObjectKey]) {
        var state: SampledMark?
        var keys: [ObjectKey] = []
        for object in try marks.list(kind).suffix(most) {
            do {
                guard let mark = try marks.read(object.key, as: SampledMark.self) else { continue }
                keys.append(object.key)
                state = state.map { mark.joined(with: $0) } ?? mark
            } catch let error as RepositoryError where error.isUnreadable {
                unreadable(error)
            }
        }
        return (state, keys)
    }

    private func joined(with older: SampledMark) -> SampledMark {
        var joined = self
        joined.began = min(began, older.began)
        joined.ring = ring.joined(with: older.ring)
        joined.credit = max(min(credit, 0), min(older.credit, 0))
        // A pack that a later run read again and found good reappears here, and is removed when it is read the next
        // time.
        joined.damaged.merge(older.damaged) { Set($0).union($1).sorted() }
        return joined
    }
}
