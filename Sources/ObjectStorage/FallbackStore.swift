internal import Platform
internal import Synchronization

/// Several stores of one repository as one, for a reader: an object that a store lacks, or has damaged, comes from the
/// next one. The order is that of the calls: the first store is the nearest.
///
/// The stores are not trusted to agree. A reader verifies each content, and calls ``discard(_:)`` for a wrong one: the
/// next read of that key begins at the next store.
///
/// A listing shows the objects of all stores, except marks: those tell about the sets of one store. Everything is written
/// to the first store, and removed from it.
package final class FallbackStore: LayeredStore, DiscardingStore {
    package struct Place: Sendable {
        /// The name for messages.
        package var name: String
        package var store: any ObjectStore
        /// Throws if the store is not one of the same repository. Called once, before the first use.
        package var check: @Sendable (any ObjectStore) throws -> Void

        package init(
            name: String, store: any ObjectStore, check: @escaping @Sendable (any ObjectStore) throws -> Void = { _ in }
        ) {
            self.name = name
            self.store = store
            self.check = check
        }
    }

    /// An event that the command prints as a warning.
    package enum Notice: Sendable {
        /// The store cannot be used.
        case away(place: String, error: any Error)
        /// The store lacks the object, or has it damaged, and another one has it.
        case replaced(ObjectKey, place: String, reason: String, from: String)
    }

    let places: [Place]
    private let tell: @Sendable (Notice) -> Void
    private let waits: [Duration]
    private let state = Mutex(State())

    /// Whether a read asks a store that did not answer an earlier read.
    enum Attempt {
        /// Only where no other store can take its place, and not again for a while.
        case usual
        /// At once, because no store answers or those that do lack the object.
        case again
        /// The same, for the last time in a while.
        case last
    }

    /// Why a store cannot be used.
    private struct Absence {
        var error: any Error
        /// The time from which it may be asked again where no other one can take its place.
        var until: ContinuousClock.Instant
        /// True if it was asked for the last time since, for what no other store has, and failed again.
        var isConfirmed: Bool

        var mayBeAsked: Bool { !isConfirmed || ContinuousClock.now >= until }
    }

    private struct State {
        /// The store that a key is read from first, for keys whose content was wrong.
        var preferred: [ObjectKey: Int] = [:]
        var away: [Int: Absence] = [:]
        var checked: Set<Int> = [0]
        /// The objects that the operator was told of.
        var told: Set<ObjectKey> = []
    }

    /// The time for which a store that did not answer is not asked again, although no other one can take its place.
    private static let pause = Duration.seconds(60)
    /// Bounds the memory: after so many wrong contents, all of them begin at the first store again.
    private static let mostPreferred = 100_000
    private static let mostTold = 1000

    /// - Parameters:
    ///   - first: the store that is written to. It is not checked.
    ///   - others: the next ones, the nearest first.
    ///   - waits: the waits before further attempts to read an object, or to begin a listing, while no store answers; empty
    ///     for one more at once. A short disturbance of the only store that is left must not end them.
    package init(
        _ first: Place, then others: [Place], waits: [Duration] = [],
        tell: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        places = [first] + others
        self.waits = waits
        self.tell = tell
    }

    package var base: any ObjectStore { places[0].store }
    package var location: String { base.location }

    /// Asks each store, the nearest first.
    /// - Returns: the answers of the stores that can be used, and whose `body` throws no error.
    package func answers<Value>(
        skippingFirst: Bool = false, _ body: (any ObjectStore) throws -> Value
    ) -> [Value] {
        places.indices.dropFirst(skippingFirst ? 1 : 0).compactMap { number in try? use(number, body) }
    }

    package func discardContent(of key: ObjectKey) {
        state.withLock { state in
            if state.preferred.count >= Self.mostPreferred { state.preferred = [:] }
            state.preferred[key] = ((state.preferred[key] ?? 0) + 1) % places.count
        }
    }

    // MARK: Using a store

    /// Runs `body` on a store, unless it cannot be used. While another store answers, one that did not is not asked again:
    /// each attempt may take as long as the first.
    /// - Parameters:
    ///   - isOnlyOne: true if no other store can take its place, as for a write.
    func use<Value>(
        _ number: Int, isOnlyOne: Bool = false, as attempt: Attempt = .usual, _ body: (any ObjectStore) throws -> Value
    ) throws -> Value {
        let known = state.withLock { $0.away[number] }
        if let known {
            let isNeeded = isOnlyOne || attempt != .usual || state.withLock { $0.away.count == places.count }
            let isTime = attempt == .usual ? ContinuousClock.now >= known.until : known.mayBeAsked
            guard isNeeded, isTime else { throw known.error }
        }
        let place = places[number]
        do {
            if !state.withLock({ $0.checked.contains(number) }) {
                do { try place.check(place.store) } catch {
                    leave(number, because: error)
                    throw error
                }
                state.withLock { _ = $0.checked.insert(number) }
            }
            let value = try body(place.store)
            if known != nil { state.withLock { _ = $0.away.removeValue(forKey: number) } }
            return value
        } catch let error as ObjectStoreError where Self.meansAway.contains(error.reason) {
            leave(number, because: error, isConfirmed: attempt == .last)
            throw error
        }
    }

    private func leave(_ number: Int, because error: any Error, isConfirmed: Bool = false) {
        let isNews = state.withLock { state in
            let known = state.away[number]
            state.away[number] = Absence(
                error: error, until: .now + Self.pause, isConfirmed: isConfirmed || known?.isConfirmed == true)
            return known == nil
        }
        if isNews { tell(.away(place: places[number].name, error: error)) }
    }

    /// True if the first store did not answer.
    package var isFirstAway: Bool { state.withLock { $0.away[0] != nil } }

    /// The numbers of the stores in the order in which a key is read.
    private func order(of key: ObjectKey) -> [Int] {
        let first = state.withLock { $0.preferred[key] ?? 0 }
        return Array(places.indices[first...]) + Array(places.indices[..<first])
    }

    /// The stores to ask once more for an object that the stores that answer lack: one stall of the only store that has
    /// it must not cost it. If no store answers, all of them.
    /// - Parameter isOneEnough: true if the answer of one store ends the search, as for a listing, and for a mark: most
    ///   are not there.
    private func hopes(after errors: [Int: any Error], isOneEnough: Bool) -> [Int] {
        let away = errors.filter { Self.isAway($0.value) }
        if isOneEnough, !areSilent(errors) { return [] }
        return state.withLock { state in away.keys.filter { state.away[$0]?.mayBeAsked != false } }.sorted()
    }

    /// What is left of the attempts of one read, or of one listing.
    private struct Patience {
        var waits: ArraySlice<Duration>
        var attempt = Attempt.usual
    }

    /// Begins the next attempt, after a wait if no store answers and one may come back.
    /// - Parameter numbers: the stores to ask.
    /// - Returns: false if there is nothing left to try.
    /// - Throws: `CancellationError`.
    private func renew(
        _ patience: inout Patience, for numbers: [Int], after errors: [Int: any Error]
    ) throws -> Bool {
        guard patience.attempt != .last, !numbers.isEmpty else { return false }
        // A wrong address or key does not come right in the meantime.
        let reasons = numbers.compactMap { (errors[$0] as? ObjectStoreError)?.reason }
        if areSilent(errors), reasons.contains(.unreachable) || reasons.contains(.throttled),
            let wait = patience.waits.popFirst()
        {
            try sleepUnlessCancelled(wait)
            patience.attempt = patience.waits.isEmpty ? .last : .again
        } else {
            patience.attempt = .last
        }
        return true
    }

    /// Asks the stores for an object in their order, and then those again that may still have it.
    /// - Parameters:
    ///   - errors: gets the last error of each store that threw one.
    ///   - refusal: returns the error of the receiver, which ends the read.
    ///   - body: returns true if the store gave what was asked for.
    /// - Returns: false if no store gave it.
    /// - Throws: `CancellationError`; `refusal`.
    private func ask(
        for key: ObjectKey, _ errors: inout [Int: any Error], refusal: () -> (any Error)? = { nil },
        _ body: (_ number: Int, _ attempt: Attempt) throws -> Bool
    ) throws -> Bool {
        var patience = Patience(waits: waits[...])
        var numbers = order(of: key)
        while true {
            for number in numbers {
                do {
                    if try body(number, patience.attempt) { return true }
                    errors[number] = nil
                } catch {
                    if let last = refusal() ?? (error is CancellationError ? error : nil) { throw last }
                    errors[number] = error
                }
            }
            numbers = hopes(after: errors, isOneEnough: Self.isOfOneStore(key.text))
            guard try renew(&patience, for: numbers, after: errors) else { return false }
        }
    }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        var delivered = 0
        var refusal: (any Error)?
        var errors: [Int: any Error] = [:]
        var source = 0
        let isRead = try ask(for: key, &errors, refusal: { refusal }) { number, attempt in
            try use(number, as: attempt) { store in
                guard let rest = try self.rest(of: key, range, after: delivered, in: store) else { return }
                try store.get(key, range: rest.range) { piece in
                    do { try sink(piece) } catch {
                        refusal = error
                        throw error
                    }
                    delivered += piece.byteCount
                }
            }
            source = number
            return true
        }
        guard isRead else { throw mostTelling(errors) }
        noteReplacement(of: key, by: source, errors)
    }

    /// Tells once of each object that does not come from the first store, unless that store is away altogether.
    private func noteReplacement(of key: ObjectKey, by number: Int, _ errors: [Int: any Error]) {
        guard number > 0 else { return }
        let error = errors[0] as? ObjectStoreError
        // An archived object is whole, so no repair is needed.
        if let error, Self.meansAway.contains(error.reason) || error.reason == .archived { return }
        let isNews = state.withLock { state in
            state.told.count < Self.mostTold && state.told.insert(key).inserted
        }
        guard isNews else { return }
        let reason = error?.detail ?? "its content is damaged"
        tell(.replaced(key, place: places[0].name, reason: reason, from: places[number].name))
    }

    /// Returns the part of an object that is still missing after an earlier store failed; nil if nothing is.
    private func rest(
        of key: ObjectKey, _ range: Range<Int>?, after delivered: Int, in store: any ObjectStore
    ) throws -> (range: Range<Int>?, Void)? {
        guard delivered > 0 else { return (range, ()) }
        let end: Int
        if let range {
            end = range.upperBound
        } else {
            guard let object = try store.head(key) else {
                throw ObjectStoreError(
                    .notFound, operation: "get", key: key, "there is no such object", store: store.location)
            }
            end = object.size
        }
        let start = (range?.lowerBound ?? 0) + delivered
        return start < end ? (start..<end, ()) : nil
    }

    /// - Returns: nil if no store that answers has the object.
    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        var errors: [Int: any Error] = [:]
        var found: ObjectInfo?
        _ = try ask(for: key, &errors) { number, attempt in
            found = try use(number, as: attempt) { try $0.head(key) }
            return found != nil
        }
        guard found != nil || errors.count < places.count else { throw mostTelling(errors) }
        return found
    }

    package func storeTime() throws -> Int? { try ofTheFirst(unless: { false }) { try $0.storeTime() } }

    /// Returns the answer of the first store that can be used. An error of a caller's closure must not be one of a store.
    /// - Parameter hasBegun: returns true if the caller has received a part of the answer.
    func ofTheFirst<Value>(
        unless hasBegun: () -> Bool, _ body: (any ObjectStore) throws -> Value
    ) throws -> Value {
        try patiently(unless: hasBegun) { attempt, errors -> Value? in
            for number in places.indices {
                var isReached = false
                do {
                    let value = try use(number, as: attempt) { store in
                        isReached = true
                        return try body(store)
                    }
                    return value
                } catch {
                    if error is CancellationError || isReached && !(error is ObjectStoreError) { throw error }
                    errors[number] = error
                }
            }
            return nil
        }
    }

    /// Asks all stores, and again after each of the waits while none answers.
    /// - Parameters:
    ///   - hasBegun: returns true if the caller has received a part of the answer: it must not get it twice.
    ///   - body: asks once, fills in the error of each store that threw one, and returns nil if all did.
    func patiently<Value>(
        unless hasBegun: () -> Bool, _ body: (_ attempt: Attempt, _ errors: inout [Int: any Error]) throws -> Value?
    ) throws -> Value {
        var patience = Patience(waits: waits[...])
        while true {
            var errors: [Int: any Error] = [:]
            if let value = try body(patience.attempt, &errors) { return value }
            let numbers = hasBegun() ? [] : hopes(after: errors, isOneEnough: true)
            guard try renew(&patience, for: numbers, after: errors) else { throw mostTelling(errors) }
        }
    }

    // MARK: Writing

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try use(0, isOnlyOne: true) { try $0.put(key, content, options: options) }
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try use(0, isOnlyOne: true) { try $0.upload(key, options) }
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        try use(0, isOnlyOne: true) { try $0.delete(keys) }
    }
}
