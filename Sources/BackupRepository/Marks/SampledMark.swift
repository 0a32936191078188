internal import ObjectStorage

/// `sampled`: how far the reading of all packs, a share in each run, has come. Each mark holds the whole state, so that
/// any machine goes on from the newest one, and the older ones may go.
struct SampledMark: Mark {
    static let kind: String = "sampled"
    var format: Int = RepositoryFormat.version
    var kind: String = SampledMark.kind
    var at: Timestamp
    var tool: String
    /// When the first share was read: the time that counts for what was not read since.
    var began: Timestamp
    var ring: ReadingRing
    /// Bytes, never above 0: what runs have read beyond their share, since packs are read whole.
    var credit: Int
    /// Packs found damaged and still in use, by component.
    var damaged: [String: [String]]

    /// As many marks are looked at: more than one where runs of several machines came at once.
    static let most = 4

    /// The newest marks joined: what either says was read is read.
    /// - Returns: nil where no share was ever read; and the keys of the marks that are in it.
    static func newest(
        in store: any ObjectStore, unreadable: (RepositoryError) -> Void = { _ in }
    ) throws -> (state: SampledMark?, keys: [ObjectKey]) {
        let marks = Marks(store)
        var state: SampledMark?
        var keys: [ObjectKey] = []
        for object in try marks.list(kind).suffix(most) {
            do {
                guard let mark = try marks.read(object.key, as: SampledMark.self) else { continue }
                keys.append(object.key)
                state = state.map { mark.joined(with: $0) } ?? mark
            } catch let error as RepositoryError where error.reason == .damaged {
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
        // One that a later run has read again and found good comes back here, and goes when it is read the next time.
        joined.damaged.merge(older.damaged) { Set($0).union($1).sorted() }
        return joined
    }
}
