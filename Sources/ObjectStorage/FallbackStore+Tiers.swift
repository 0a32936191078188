/// Several stores with classes as one, for a reader: an object is as readable as it is in the store where it is most so.
extension FallbackStore: TieringStore {
    package var hasClasses: Bool { places.contains { $0.store.tiering != nil } }

    package var largestMove: Int { 0 }

    /// Returns the placement in the nearest store that can deliver the object, else in the nearest one that has it.
    /// - Returns: nil if no store that answers has the object.
    package func placement(of key: ObjectKey) throws -> ObjectPlacement? {
        var errors: [Int: any Error] = [:]
        var found: [ObjectPlacement] = []
        for number in places.indices {
            do {
                guard let placement = try use(number, { try $0.anyPlacement(of: key) }) else { continue }
                if placement.isReadable { return placement }
                found.append(placement)
            } catch {
                if error is CancellationError { throw error }
                errors[number] = error
            }
        }
        guard errors.count < places.count else { throw mostTelling(errors) }
        return found.first { $0.reading == .thawing } ?? found.first
    }

    /// Asks the nearest store that has the object and can thaw it.
    package func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
        var errors: [Int: any Error] = [:]
        for number in places.indices {
            do {
                return try use(number) { store in
                    guard let tiering = store.tiering else { throw unsupported("thaw", key) }
                    return try tiering.thaw(key, days: days, speed: speed)
                }
            } catch {
                if error is CancellationError { throw error }
                errors[number] = error
            }
        }
        throw mostTelling(errors)
    }

    package func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool {
        throw unsupported("move", object.key)
    }

    package func refusal(of target: StorageClass) throws -> String? { "each store has classes of its own" }

    private func unsupported(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .unsupported, operation: operation, key: key, "the store has no storage classes", store: location)
    }
}
