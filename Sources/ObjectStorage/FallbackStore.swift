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
    private let state = Mutex(State())

    private struct State {
        /// The store that a key is read from first, for keys whose content was wrong.
        var preferred: [ObjectKey: Int] = [:]
        /// The stores that cannot be used, each with the time of the next attempt.
        var away: [Int: (error: any Error, until: ContinuousClock.Instant)] = [:]
        var checked: Set<Int> = [0]
        /// The objects that the operator was told of.
        var told: Set<ObjectKey> = []
    }

    /// The time for which a store that did not answer is not asked again: its own retries may have taken minutes.
    private static let pause = Duration.seconds(60)
    /// Bounds the memory: after so many wrong contents, all of them begin at the first store again.
    private static let mostPreferred = 100_000
    private static let page = 1000
    private static let mostTold = 1000

    /// - Parameters:
    ///   - first: the store that is written to. It is not checked.
    ///   - others: the next ones, the nearest first.
    package init(
        _ first: Place, then others: [Place], tell: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        places = [first] + others
        self.tell = tell
    }

    package var base: any ObjectStore { places[0].store }
    package var location: String { base.location }

    /// Returns true if another store than the first one has the object.
    package func isElsewhere(_ key: ObjectKey) -> Bool {
        places.indices.dropFirst().contains { number in
            (try? use(number) { try $0.head(key) != nil }) == true
        }
    }

    package func discardContent(of key: ObjectKey) {
        state.withLock { state in
            if state.preferred.count >= Self.mostPreferred { state.preferred = [:] }
            state.preferred[key] = ((state.preferred[key] ?? 0) + 1) % places.count
        }
    }

    // MARK: Using a store

    /// Runs `body` on a store, unless it cannot be used at the moment.
    func use<Value>(_ number: Int, _ body: (any ObjectStore) throws -> Value) throws -> Value {
        let known = state.withLock { $0.away[number] }
        if let known, ContinuousClock.now < known.until { throw known.error }
        let place = places[number]
        do {
            if !state.withLock({ $0.checked.contains(number) }) {
                do { try place.check(place.store) } catch {
                    leave(number, because: error)
                    throw error
                }
                state.withLock { _ = $0.checked.insert(number) }
            }
            return try body(place.store)
        } catch let error as ObjectStoreError where Self.meansAway.contains(error.reason) {
            leave(number, because: error)
            throw error
        }
    }

    private static let meansAway: [ObjectStoreError.Reason] = [.unreachable, .noSuchStore, .credentials, .throttled]

    private func leave(_ number: Int, because error: any Error) {
        let isNews = state.withLock { state in
            defer { state.away[number] = (error, .now + Self.pause) }
            return state.away[number] == nil
        }
        if isNews { tell(.away(place: places[number].name, error: error)) }
    }

    /// True if the first store did not answer lately.
    package var isFirstAway: Bool {
        state.withLock { $0.away[0].map { ContinuousClock.now < $0.until } ?? false }
    }

    /// The numbers of the stores in the order in which a key is read.
    private func order(of key: ObjectKey) -> [Int] {
        let first = state.withLock { $0.preferred[key] ?? 0 }
        return Array(places.indices[first...]) + Array(places.indices[..<first])
    }

    /// Returns the error to throw: one of a store that answered, such as `.notFound`, before one of a store that is away.
    /// Among equals, that of the nearest store.
    func mostTelling(_ errors: [Int: any Error]) -> any Error {
        let inOrder = errors.sorted { $0.key < $1.key }.map(\.value)
        return inOrder.first { ($0 as? ObjectStoreError).map { !Self.meansAway.contains($0.reason) } == true }
            ?? inOrder.first
            ?? ObjectStoreError(.unreachable, operation: "read", key: nil, "there is no store", store: location)
    }

    // MARK: Reading

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        var delivered = 0
        var refusal: (any Error)?
        var errors: [Int: any Error] = [:]
        for number in order(of: key) {
            do {
                try use(number) { store in
                    guard let rest = try self.rest(of: key, range, after: delivered, in: store) else { return }
                    try store.get(key, range: rest.range) { piece in
                        do { try sink(piece) } catch {
                            refusal = error
                            throw error
                        }
                        delivered += piece.byteCount
                    }
                }
                noteReplacement(of: key, by: number, errors)
                return
            } catch {
                if let refusal { throw refusal }
                if error is CancellationError { throw error }
                errors[number] = error
            }
        }
        throw mostTelling(errors)
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
        for number in order(of: key) {
            do {
                if let object = try use(number, { try $0.head(key) }) { return object }
            } catch {
                if error is CancellationError { throw error }
                errors[number] = error
            }
        }
        guard errors.count < places.count else { throw mostTelling(errors) }
        return nil
    }

    package func storeTime() throws -> Int? { try ofTheFirst { try $0.storeTime() } }

    /// Returns the answer of the first store that can be used. An error of a caller's closure must not be one of a store.
    private func ofTheFirst<Value>(_ body: (any ObjectStore) throws -> Value) throws -> Value {
        var errors: [Int: any Error] = [:]
        for number in places.indices {
            do { return try use(number, body) } catch let error as ObjectStoreError { errors[number] = error }
        }
        throw mostTelling(errors)
    }

    // MARK: Listings

    private static func isOfOneStore(_ prefix: String) -> Bool { prefix.hasPrefix("marks/") }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        if Self.isOfOneStore(prefix) { return try listOfTheFirst(prefix, after: after, body) }
        var errors: [Int: any Error] = [:]
        var pages = places.indices.map { Page(place: $0, last: after) }
        while true {
            for index in pages.indices where pages[index].needsMore {
                do {
                    try use(pages[index].place) { try pages[index].fetch(prefix, Self.page, from: $0) }
                } catch {
                    if error is CancellationError { throw error }
                    errors[pages[index].place] = error
                    pages[index].isAtEnd = true
                }
            }
            guard errors.count < places.count else { throw mostTelling(errors) }
            guard let next = pages.compactMap({ $0.objects.first }).min(by: { $0.key < $1.key }) else { return }
            for index in pages.indices where pages[index].objects.first?.key == next.key {
                pages[index].objects.removeFirst()
            }
            if isHidden(next.key, in: prefix) { continue }
            guard try body(next) == .proceed else { return }
        }
    }

    /// Lists the first store that answers. If the listing breaks, it continues in the next store after the last key.
    private func listOfTheFirst(
        _ prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction
    ) throws {
        var last = after
        var refusal: (any Error)?
        try ofTheFirst { store in
            if let refusal { throw refusal }
            try store.list(prefix: prefix, after: last) { object in
                last = object.key
                do { return try body(object) } catch {
                    refusal = error
                    throw error
                }
            }
        }
    }

    /// Marks of other stores do not appear in a listing of everything either.
    private func isHidden(_ key: ObjectKey, in prefix: String) -> Bool {
        guard "marks/".hasPrefix(prefix), key.text.hasPrefix("marks/") else { return false }
        return (try? use(0) { try $0.head(key) }).flatMap { $0 } == nil
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        if Self.isOfOneStore(prefix) {
            var refusal: (any Error)?
            return try ofTheFirst { store in
                if let refusal { throw refusal }
                try store.enumerate(prefix: prefix, skipping: skipped) { object in
                    do { try body(object) } catch {
                        refusal = error
                        throw error
                    }
                }
            }
        }
        var errors: [Int: any Error] = [:]
        for number in places.indices {
            var refusal: (any Error)?
            do {
                try use(number) { store in
                    try store.enumerate(prefix: prefix, skipping: skipped) { object in
                        if number > 0, object.key.text.hasPrefix("marks/") { return }
                        do { try body(object) } catch {
                            refusal = error
                            throw error
                        }
                    }
                }
            } catch {
                if let refusal { throw refusal }
                if error is CancellationError { throw error }
                errors[number] = error
            }
        }
        if errors.count == places.count { throw mostTelling(errors) }
    }

    /// The next objects of one store.
    private struct Page {
        let place: Int
        var last: ObjectKey?
        var objects: ArraySlice<ObjectInfo> = []
        var isAtEnd = false

        init(place: Int, last: ObjectKey?) { (self.place, self.last) = (place, last) }

        var needsMore: Bool { objects.isEmpty && !isAtEnd }

        mutating func fetch(_ prefix: String, _ most: Int, from store: any ObjectStore) throws {
            var found: [ObjectInfo] = []
            try store.list(prefix: prefix, after: last) { object in
                found.append(object)
                return found.count < most ? .proceed : .stop
            }
            isAtEnd = found.count < most
            last = found.last?.key ?? last
            objects = found[...]
        }
    }

    // MARK: Writing

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try use(0) { try $0.put(key, content, options: options) }
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try use(0) { try $0.upload(key, options) }
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try use(0) { try $0.delete(keys) } }
}
