internal import Platform
internal import Synchronization

/// The store of one command: it lists the sets and marks once, and fetches each of them once in the life of the machine.
///
/// Sets, signatures and marks are never changed. So a listing that shows the same size and tag as before shows the same
/// content, and ``kept`` has it. A key that the listing does not show is answered as missing, without a request.
///
/// Answers may be a minute old, except after a write on which the protocol of backups and prunes relies: see `forget`.
package final class RememberedObjects: LayeredStore, DiscardingStore {
    package let base: any ObjectStore
    private let state = Mutex(State())
    /// Each is held during a listing of its objects, so that those who need the same one wait for it.
    private let (setsListing, marksListing) = (Listed(), Listed())

    private final class Listed: Sendable {
        let mutex = Mutex(())
    }

    private struct State {
        var groups: [Group: Answer] = [:]
        /// Counts the times at which answers were forgotten: a listing that began before must not be remembered.
        var epoch = 0
        /// True after a manifest was written: then only the marks of prunes matter.
        var isNarrow = false
        var kept: (any KeptObjects)?
        /// The newest writes, with the time of the answer.
        var written: [ObjectKey: Int] = [:]
        /// The seconds by which the times of a listing are ahead of those in answers; nil if no listing showed a write.
        var lead: Int?
    }

    private struct Answer {
        var listing: Listing
        var since: ContinuousClock.Instant
    }

    /// Objects that are listed together.
    private enum Group: String, CaseIterable {
        case sets = "sets/"
        /// Announcements and reports of prunes, and pins: few objects.
        case prunes = "marks/p"
        /// All marks but those in the ledger, of which each run writes two, for ever.
        case marks = "marks/"

        static let skipped = "marks/ledger/"

        /// Returns true if a listing of the group shows each key that begins like this.
        func holds(_ prefix: String) -> Bool {
            prefix.hasPrefix(rawValue)
                && !(self == .marks && (prefix.hasPrefix(Self.skipped) || Self.skipped.hasPrefix(prefix)))
        }
    }

    /// Bounds the memory: a group with more objects is not remembered.
    private static let most = 100_000
    /// A process that runs for long sees the writes of others.
    private static let life = Duration.seconds(60)
    /// The longest content that is kept, in bytes.
    private static let longest = 1 << 20

    package init(_ base: any ObjectStore) { self.base = base }

    package var location: String { base.location }

    /// The contents on this machine; nil until the repository is known.
    package var kept: (any KeptObjects)? {
        get { state.withLock { $0.kept } }
        set { state.withLock { $0.kept = newValue } }
    }

    /// Forgets the listings, so that the next answers come from the store.
    package func forget() { forget(narrowly: false) }

    private func forget(narrowly isNarrow: Bool) {
        state.withLock { state in
            state.groups = [:]
            state.epoch += 1
            state.isNarrow = isNarrow
        }
    }

    /// The time by the clock that listings show: that of a server in front may be another one.
    package func storeTime() throws -> Int? {
        guard let lead = state.withLock({ $0.lead }) else { return nil }
        return try base.storeTime().map { $0.addingClamped(min(lead, 0)) }
    }

    private static let mostWritten = 64

    package func discardContent(of key: ObjectKey) { kept?.discard(key) }

    // MARK: Listings

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        guard let listing = try listing(for: prefix) else {
            return try base.list(prefix: prefix, after: after, body)
        }
        for object in listing.objects(startingWith: prefix) where after.map({ $0 < object.key }) ?? true {
            guard try body(object) == .proceed else { return }
        }
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        guard prefix.isEmpty, skipped == nil || skipped == Group.skipped else {
            return try base.enumerate(prefix: prefix, skipping: skipped, body)
        }
        // A listing of everything shows these groups as well.
        let epoch = state.withLock { $0.epoch }
        var found: [Group: [ObjectInfo]] = [.sets: [], .marks: []]
        try base.enumerate(prefix: prefix, skipping: skipped) { object in
            for group in [Group.sets, .marks] where group.holds(object.key.text) {
                if found[group]?.count ?? 0 <= Self.most { found[group]?.append(object) }
            }
            try body(object)
        }
        for (group, objects) in found { remember(objects, as: group, since: epoch) }
    }

    /// Returns the objects among which are all with the prefix; nil if no group has them.
    private func listing(for prefix: String) throws -> Listing? {
        let fitting = Group.allCases.filter { $0.holds(prefix) }
        guard let widest = fitting.last else { return nil }
        // Not by a lazy sequence, which would ask twice: another thread may forget the answer between.
        func known() -> Listing? {
            for group in fitting {
                if let known = answer(group) { return known }
            }
            return nil
        }
        if let known = known() { return known }
        return try (widest == .sets ? setsListing : marksListing).mutex.withLock { _ in
            if let known = known() { return known }
            let isNarrow = state.withLock { $0.isNarrow }
            return try fetch(isNarrow ? fitting[0] : widest)
        }
    }

    /// Lists a group; nil if it has too many objects to be remembered.
    private func fetch(_ group: Group) throws -> Listing? {
        let epoch = state.withLock { $0.epoch }
        var objects: [ObjectInfo] = []
        struct TooMany: Error {}
        do {
            try base.enumerate(prefix: group.rawValue, skipping: group == .marks ? Group.skipped : nil) { object in
                guard objects.count < Self.most else { throw TooMany() }
                objects.append(object)
            }
        } catch is TooMany { return nil }
        return remember(objects, as: group, since: epoch)
    }

    @discardableResult
    private func remember(_ objects: [ObjectInfo], as group: Group, since epoch: Int) -> Listing? {
        guard objects.count <= Self.most else { return nil }
        let listing = Listing(objects)
        state.withLock { state in
            guard state.epoch == epoch else { return }
            state.groups[group] = Answer(listing: listing, since: .now)
            for (key, time) in state.written {
                guard let listed = listing[key]?.modified else { continue }
                state.lead = min(state.lead ?? .max, listed.subtractingClamped(time))
            }
            if group == .marks { state.isNarrow = false }
        }
        return listing
    }

    private func answer(_ group: Group) -> Listing? {
        state.withLock { state in
            guard let answer = state.groups[group] else { return nil }
            guard ContinuousClock.now - answer.since < Self.life else {
                state.groups[group] = nil
                return nil
            }
            return answer.listing
        }
    }

    // MARK: Objects

    private enum Known { case present(ObjectInfo), absent, unknown }

    private func known(_ key: ObjectKey) -> Known {
        for group in Group.allCases where group.holds(key.text) {
            guard let listing = answer(group) else { continue }
            return listing[key].map { .present($0) } ?? .absent
        }
        return .unknown
    }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard range == nil else { return try base.get(key, range: range, sink) }
        switch known(key) {
        case .unknown: try base.get(key, range: nil, sink)
        case .absent:
            throw ObjectStoreError(
                .notFound, operation: "get", key: key, "the store does not list it", store: location)
        case .present(let object):
            guard object.size <= Self.longest, let kept else { return try base.get(key, range: nil, sink) }
            if let content = kept.content(of: object) { return try sink(content.span.bytes) }
            var content: [UInt8] = []
            try base.get(key, range: nil) { piece in
                if content.count <= Self.longest { piece.withUnsafeBytes { content.append(contentsOf: $0) } }
                try sink(piece)
            }
            if content.count == object.size { kept.keep(content, of: object) }
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        switch known(key) {
        case .absent: return nil
        // The answer to a write has no time of the store.
        case .present(let object) where object.modified != nil: return object
        case .present, .unknown: return try base.head(key)
        }
    }

    /// Fetches, side by side, the objects with these prefixes that this machine lacks, so that reading them one after another
    /// takes no round trips. Objects that cannot be fetched are left to those who read them.
    /// - Parameter prefixes: of sets and marks, such as `marks/verified/`.
    package func prepare(_ prefixes: [String]) {
        guard let kept, let lists = try? SideBySide.map(prefixes, { try self.listing(for: $0) }) else { return }
        var missing: [ObjectKey] = []
        for (prefix, listing) in zip(prefixes, lists) {
            guard let listing else { continue }
            for object in listing.objects(startingWith: prefix)
            where object.size <= Self.longest && kept.content(of: object) == nil {
                missing.append(object.key)
            }
        }
        _ = try? SideBySide.map(missing) { key in
            do { try self.get(key, range: nil) { _ in } } catch is CancellationError {
                throw CancellationError()
            } catch {}
        }
    }

    // MARK: Writing

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        do {
            let object = try base.put(key, content, options: options)
            if let time = object.modified {
                state.withLock { state in
                    if state.written.count >= Self.mostWritten { state.written.removeAll() }
                    state.written[key] = time
                }
            }
            note(object, content)
            return object
        } catch {
            // Such as a key that is taken: another process has written.
            forget()
            throw error
        }
    }

    private func note(_ object: ObjectInfo, _ content: [UInt8]) {
        let text = object.key.text
        if text.hasPrefix("marks/run/") { return forget() }
        let parts = text.split(separator: "/")
        if parts.count == 3, parts[1] == "backups" { return forget(narrowly: true) }
        for group in Group.allCases where group.holds(text) {
            state.withLock { state in state.groups[group]?.listing.insert(object) }
        }
        if Group.allCases.contains(where: { $0.holds(text) }), object.size <= Self.longest {
            kept?.keep(content, of: object)
        }
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try base.upload(key, options)
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        do {
            let refused = try base.delete(keys)
            guard refused.isEmpty else {
                forget()
                return refused
            }
            state.withLock { state in
                for group in state.groups.keys {
                    for key in keys where group.holds(key.text) { state.groups[group]?.listing.remove(key) }
                }
            }
            return []
        } catch {
            forget()
            throw error
        }
    }
}

/// Objects in the order of their keys, each once.
private struct Listing {
    private var objects: [ObjectInfo]

    /// - Parameter objects: in any order.
    init(_ objects: [ObjectInfo]) {
        var sorted = objects.sorted { $0.key < $1.key }
        if zip(sorted, sorted.dropFirst()).contains(where: { $0.key == $1.key }) {
            var last: ObjectKey?
            sorted = sorted.filter { object in
                defer { last = object.key }
                return object.key != last
            }
        }
        self.objects = sorted
    }

    /// The index of the first object whose key does not come before `text`.
    private func index(of text: String) -> Int {
        var (low, high) = (0, objects.count)
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key.text.utf8.lexicographicallyPrecedes(text.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    subscript(key: ObjectKey) -> ObjectInfo? {
        let index = index(of: key.text)
        return index < objects.count && objects[index].key == key ? objects[index] : nil
    }

    func objects(startingWith prefix: String) -> some Sequence<ObjectInfo> {
        objects[index(of: prefix)...].prefix { $0.key.text.hasPrefix(prefix) }
    }

    mutating func insert(_ object: ObjectInfo) {
        let index = index(of: object.key.text)
        if index < objects.count, objects[index].key == object.key {
            objects[index] = object
        } else {
            objects.insert(object, at: index)
        }
    }

    mutating func remove(_ key: ObjectKey) {
        let index = index(of: key.text)
        if index < objects.count, objects[index].key == key { objects.remove(at: index) }
    }
}
