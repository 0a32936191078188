/// Makes one error of those of several stores, for a read that none of them could answer.
extension FallbackStore {
    static let meansAway: [ObjectStoreError.Reason] = [.unreachable, .noSuchStore, .credentials, .throttled]

    /// True if no store said whether it has the object: each is away, or cannot be used, as one of another repository.
    func areSilent(_ errors: [Int: any Error]) -> Bool {
        errors.count == places.count && !errors.values.contains { $0 is ObjectStoreError && !Self.isAway($0) }
    }

    /// Returns the error to throw: one of a store that answered, such as `.notFound`, before one of a store that is away.
    /// Among equals, that of the nearest store. If the object may be in a store that is away, the error says so.
    func mostTelling(_ errors: [Int: any Error]) -> any Error {
        let inOrder = errors.sorted { $0.key < $1.key }
        let answer = inOrder.first { $0.value is ObjectStoreError && !Self.isAway($0.value) }
        guard var error = answer?.value as? ObjectStoreError else {
            return inOrder.first?.value
                ?? ObjectStoreError(.unreachable, operation: "read", key: nil, "there is no store", store: location)
        }
        guard error.reason == .notFound, inOrder.contains(where: { Self.isAway($0.value) }) else { return error }
        let findings = inOrder.compactMap { number, found -> String? in
            guard let found = found as? ObjectStoreError else { return nil }
            let name = places[number].name
            if Self.isAway(found) { return "\(name) could not be reached (\(found.detail))" }
            return found.reason == .notFound ? "\(name) lacks it" : nil
        }
        error.detail = findings.joined(separator: ", and ")
        error.unreached = error.detail
        return error
    }

    static func isAway(_ error: any Error) -> Bool {
        (error as? ObjectStoreError).map { meansAway.contains($0.reason) } == true
    }
}
