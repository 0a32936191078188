internal import Cryptography
internal import ObjectStorage

/// `marks/reserve/<id>`: a few kibibytes that a prune releases if the store is full, because a prune must write an
/// intent before it deletes any object. The last step of a prune fills it again.
///
/// The safety does not depend on it: it holds random bytes, and its space is used for ordinary marks. Calls block.
struct SpaceReserve: Sendable {
    let store: any ObjectStore

    static let kind = "reserve"
    /// Enough for the intent of some 1,500 packs; longer ones are announced in parts.
    private static let size = 64 << 10

    /// Writes one reserve.
    func fill() throws {
        let key = ObjectKey(trusted: "\(Marks.prefix(Self.kind))\(RandomID.make())")  // checked: digits
        _ = try store.put(key, RandomID.bytes(Self.size), options: PutOptions(.ifAbsent))
    }

    /// Runs `body`, and runs it once more if it failed for lack of space and some space can be released.
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
        var spare = try Marks.list(Self.kind, in: store).map(\.key)
        // A repository of an early version has no reserve. Each of these is replaced by a newer one, or is empty.
        if spare.isEmpty {
            spare =
                try Marks.list(SampledMark.kind, in: store).dropLast().map(\.key)
                + Marks.list("probe", in: store).map(\.key)
        }
        guard !spare.isEmpty else { return false }
        let refused = Set(try store.delete(spare).compactMap(\.key))
        return spare.contains { !refused.contains($0) }
    }

    private static func explained(_ error: ObjectStoreError) -> ObjectStoreError {
        var error = error
        error.hint = "a prune must write a few KiB before it deletes: free that much space, then run `dr prune` again"
        return error
    }
}
