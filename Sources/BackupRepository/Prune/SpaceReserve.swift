internal import Cryptography
internal import ObjectStorage

/// `marks/reserve/<id>`: a few kibibytes that a prune gives up when the store is full, for to delete anything it must
/// first write what it is about to delete. The last step of a prune fills it up again.
///
/// Nothing rests on it: it holds random bytes, and what its space went to is each time an ordinary mark. Calls block.
struct SpaceReserve: Sendable {
    let store: any ObjectStore

    static let kind = "reserve"
    /// Enough for the intent of some 1,500 packs; longer ones are announced bit by bit.
    private static let size = 64 << 10

    /// Writes one.
    func fill() throws {
        let key = ObjectKey(trusted: "\(Marks.prefix(Self.kind))\(RandomID.make())")  // checked: digits
        _ = try store.put(key, RandomID.bytes(Self.size), options: PutOptions(.ifAbsent))
    }

    /// Runs `body`, and once more where it failed for lack of space and there is something that can be given up.
    @discardableResult
    func spending<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as ObjectStoreError where error.reason == .noSpace {
            guard try release() else { throw Self.explained(error) }
            do { return try body() } catch let error as ObjectStoreError where error.reason == .noSpace {
                throw Self.explained(error)
            }
        }
    }

    /// - Returns: true if the store now has more space than before.
    private func release() throws -> Bool {
        var spare = try Marks(store).list(Self.kind).map(\.key)
        // A repository of an early version has no reserve. Each of these is replaced by a newer one, or is nothing.
        if spare.isEmpty {
            spare =
                try Marks(store).list(SampledMark.kind).dropLast().map(\.key) + Marks(store).list("probe").map(\.key)
        }
        guard !spare.isEmpty else { return false }
        let refused = Set(try store.delete(spare).compactMap(\.key))
        return spare.contains { !refused.contains($0) }
    }

    private static func explained(_ error: ObjectStoreError) -> ObjectStoreError {
        var error = error
        error.hint = "a prune must write a few KiB before it deletes: free that much by hand, then run `dr prune` again"
        return error
    }
}
