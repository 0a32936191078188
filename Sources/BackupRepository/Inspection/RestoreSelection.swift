internal import ObjectStorage
package import Platform

/// The set from which each component is restored.
package struct RestoreSelection: Sendable {
    /// A set that was not chosen, although it is newer than the chosen one.
    package struct PassedOver: Codable, Equatable, Sendable {
        package enum Kind: String, Codable, Sendable {
            /// The reason concerns the set as a whole.
            case future, unreadable
            /// The reason concerns the component in the set.
            case failed, skipped, damaged, partial, shrunk, empty
            /// It was made from another tool's backup, and a set that `dr` captured is used.
            case imported
        }

        package var set: Timestamp
        package var kind: Kind
        package var reason: String
    }

    package struct Part: Sendable {
        package var set: BackupSet
        /// Newest first.
        package var passedOver: [PassedOver] = []

        /// The newest set in which a backup by `dr` did not store it whole; nil if newer sets lack it only because
        /// they were not asked to back it up, or are imported.
        package var newerFailure: PassedOver? { passedOver.first { ![.skipped, .imported].contains($0.kind) } }

        /// True if no newer backup by `dr` was to store it.
        package var isCurrent: Bool { newerFailure == nil }
    }

    /// By component.
    package private(set) var parts: [String: Part]
    /// Sets that were chosen for no component, newest first: unreadable ones, and those from the future.
    package private(set) var passedOver: [PassedOver] = []
    /// The requested components that no set holds.
    package private(set) var missing: [String] = []

    /// Selects one set for all components.
    package init(_ set: BackupSet) { parts = set.components.mapValues { _ in Part(set: set) } }

    /// - Parameter sets: for each component, a set that holds it.
    package init(_ sets: [String: BackupSet]) { parts = sets.mapValues { Part(set: $0) } }

    fileprivate init(_ search: LatestSearch) {
        parts = search.chosen
        passedOver = search.passedOver
        missing = search.wanted.filter { search.chosen[$0] == nil }.sorted()
    }

    /// The newer sets that are not used for a component, newest first.
    package func passedOver(for component: String) -> [PassedOver] {
        guard let part = parts[component] else { return passedOver }
        return (passedOver.filter { $0.set > part.set.name } + part.passedOver).sorted { $0.set > $1.set }
    }

    /// By component: the newer sets that are not used for it, newest first; nil if there are none.
    package var allPassedOver: [String: [PassedOver]]? {
        let found = parts.keys.map { ($0, passedOver(for: $0)) }.filter { !$0.1.isEmpty }
        return found.isEmpty ? nil : Dictionary(found) { first, _ in first }
    }

    /// The newest of the sets; nil if there are none.
    package var newest: BackupSet? { parts.values.map(\.set).max { $0.name < $1.name } }

    /// The sets, oldest first.
    package var sets: [BackupSet] {
        Dictionary(parts.values.map { ($0.set.name, $0.set) }) { first, _ in first }.values.sorted { $0.name < $1.name }
    }

    /// The entry of each component in its set.
    package var components: [String: BackupSet.Component] {
        parts.reduce(into: [:]) { held, part in held[part.key] = part.value.set.components[part.key] }
    }

    /// Returns the selection for only these components.
    package func only(_ components: Set<String>) -> RestoreSelection {
        var selection = self
        selection.parts = parts.filter { components.contains($0.key) }
        selection.missing = missing.filter(components.contains)
        return selection
    }

    /// - Throws: `RepositoryError` `.noSuchComponent`.
    package func set(of component: String) throws -> BackupSet {
        if let part = parts[component] { return part.set }
        throw RepositoryError(
            .noSuchComponent, object: component, "no selected set holds it",
            hint: "the selected sets hold: \(parts.keys.sorted().joined(separator: ", "))")
    }
}

extension Repository {
    /// Selects for each component the newest set that holds it whole: the meaning of `latest`.
    ///
    /// Only sets of this stack up to the present are considered, except those that an operator has dropped. If no set
    /// holds a component whole, the newest that holds it in part is selected; then the newest one known to be damaged.
    /// An imported set is selected only for a component of which `dr` has no usable backup.
    /// - Parameters:
    ///   - components: nil for all that the newest of the sets hold, failed to back up, or had configured.
    ///   - limit: only sets named up to this time; nil for the present.
    ///   - known: a set that must exist: a listing may lag behind.
    ///   - provesManifests: skips sets whose manifest of the component cannot be read.
    package func latest(
        of components: Set<String>?, now: Timestamp, notAfter limit: Timestamp? = nil, known: Timestamp? = nil,
        provesManifests: Bool, pool: BlockingPool
    ) async throws -> RestoreSelection {
        async let readMarks = pool.run { try SetMarks(Marks(self)) }
        let names = try await pool.run {
            let names = try setNames(including: known)
            // While the marks are read: it is most likely the one.
            if let first = names.last(where: { name in limit.map { name <= $0 } ?? true }) { prepare(first) }
            return names
        }
        let marks = try await readMarks
        var search = LatestSearch(repository: self, marks: marks, now: now, wanted: components ?? [])
        search.isOpen = components == nil
        if let components {
            search.sought = components
        }
        var looksForManifests = components != nil
        var rest = names.filter { name in limit.map { name <= $0 } ?? true }[...]
        var page = 1
        while !rest.isEmpty, !search.isOver {
            let next = rest.suffix(page)
            rest = rest.dropLast(page)
            page = min(page * 4, 16)
            let future = next.filter { scope.isFuture($0, at: now) }
            let (sets, unreadable) = try await self.sets(next.filter { !future.contains($0) }, pool: pool)
            let readable = Dictionary(sets.map { ($0.name, $0) }) { first, _ in first }
            let reasons = Dictionary(unreadable.map { ($0.name, $0.reason) }) { first, _ in first }
            for name in next.reversed() where !search.isOver {
                if let set = readable[name] {
                    search = try await pool.run { [search] in
                        var search = search
                        try search.visit(set, provesManifests: provesManifests)
                        return search
                    }
                } else if future.contains(name) {
                    search.passOver(.future(name, at: now))
                } else if let reason = reasons[name] {
                    search.passOver(.unreadable(name, reason))
                }
            }
            // A component that was never backed up must not cost a read of all sets.
            if looksForManifests, !search.isOver {
                looksForManifests = false
                let sought = search.sought
                search.unlisted = try await pool.run { try sought.filter { try !hasManifests($0) } }
            }
        }
        search = try await pool.run { [search] in
            var search = search
            try search.settle(provesManifests: provesManifests)
            return search
        }
        return RestoreSelection(search)
    }

    /// Returns the newest readable set of this stack up to the present, with any components. An imported set is
    /// returned only if there is no other.
    /// - Parameter limit: only sets named up to this time; nil for the present.
    /// - Returns: the set, and the skipped sets, newest first; of newer imported ones only the newest.
    package func newestSet(
        now: Timestamp, notAfter limit: Timestamp? = nil, known: Timestamp? = nil,
        where isWanted: (BackupSet) -> Bool = { _ in true }
    ) throws -> (set: BackupSet?, passedOver: [RestoreSelection.PassedOver]) {
        let marks = try SetMarks(Marks(self))
        var passedOver: [RestoreSelection.PassedOver] = []
        var imported: BackupSet?
        var visited = 0
        for name in try setNames(including: known).reversed() where limit.map({ name <= $0 }) ?? true {
            if imported != nil, visited > LatestSearch.most { break }
            guard marks[name].dropReason(at: now) == nil else { continue }
            guard !scope.isFuture(name, at: now) else {
                passedOver.append(.future(name, at: now))
                continue
            }
            do {
                let set = try set(name)
                guard scope.owns(set), isWanted(set) else { continue }
                visited += 1
                if scope.isFuture(set, at: now) {
                    passedOver.append(.future(name, at: now))
                } else if set.imported == nil {
                    if let newer = imported?.name { passedOver.append(.imported(newer)) }
                    return (set, passedOver.sorted { $0.set > $1.set })
                } else {
                    imported = imported ?? set
                }
            } catch let error as RepositoryError
                where error.reason == .damaged || error.reason == .encrypted && encryption.opensDocuments
            {
                passedOver.append(.unreadable(name, error.detail))
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
        return (imported, passedOver)
    }

    /// Fetches what a reader of the set needs of it, where this machine keeps that.
    private func prepare(_ name: Timestamp) {
        store.prepare(["\(Layout.setPrefix)\(name).", Marks.prefix(RecordedMark.kind) + "\(name)"])
    }

    private func hasManifests(_ component: String) throws -> Bool {
        guard ComponentName.isValid(component) else { return false }
        var found = false
        try store.list(prefix: Layout.manifestPrefix(component), after: nil) { _ in
            found = true
            return .stop
        }
        return found
    }
}

/// A search from the newest set back, until every component has a set.
private struct LatestSearch: Sendable {
    let repository: Repository
    let marks: SetMarks
    let now: Timestamp
    var wanted: Set<String>
    /// The wanted components that may still be found whole.
    var sought: Set<String> = []
    /// The components without a listed manifest.
    var unlisted: Set<String> = []
    /// True if the components of the first set are to be used.
    var isOpen = false
    private(set) var chosen: [String: RestoreSelection.Part] = [:]
    private(set) var passedOver: [RestoreSelection.PassedOver] = []
    /// For each component: newer sets that were not chosen.
    private var newer: [String: [RestoreSelection.PassedOver]] = [:]
    /// For each component: sets to use if there is no better one.
    private var fallbacks: [String: [Fallback]] = [:]
    /// For each component: the imported sets that hold it, newest first.
    private var imports: [String: [BackupSet]] = [:]
    private var visited = 0
    /// Nil until a set is known to be damaged.
    private var others: OtherStores?

    private struct Fallback: Sendable {
        var set: BackupSet
        var rank: Rank
    }

    /// A smaller rank is better.
    private enum Rank: Int, Sendable { case part, damaged, shrunk }

    /// The number of sets that are searched for a whole backup of a component that exists in part, and of a component
    /// that seems to have no backup.
    static let most = 1000, mostUnlisted = 64

    init(repository: Repository, marks: SetMarks, now: Timestamp, wanted: Set<String>) {
        self.repository = repository
        self.marks = marks
        self.now = now
        self.wanted = wanted
    }

    var isOver: Bool {
        guard !isOpen || visited > Self.most else { return false }
        return sought.allSatisfy { component in
            if unlisted.contains(component) { return visited > Self.mostUnlisted }
            return visited > Self.most && (fallbacks[component] != nil || imports[component] != nil)
        }
    }

    mutating func passOver(_ set: RestoreSelection.PassedOver) {
        guard marks[set.set].dropReason(at: now) == nil else { return }
        passedOver.append(set)
    }

    mutating func visit(_ set: BackupSet, provesManifests: Bool) throws {
        visited += 1
        guard repository.scope.owns(set), marks[set.name].dropReason(at: now) == nil else { return }
        guard !repository.scope.isFuture(set, at: now) else { return passOver(.future(set.name, at: now)) }
        guard set.imported == nil else { return note(imported: set) }
        if isOpen {
            isOpen = false
            wanted.formUnion(set.components.keys)
            wanted.formUnion(set.failed.keys)
            wanted.formUnion(set.configured ?? [])
            sought = wanted.filter { chosen[$0] == nil }
        }
        let defects =
            provesManifests
            ? try repository.unreadableManifests(of: sought.filter { set.components[$0] != nil }, in: set) : [:]
        for component in sought.sorted() {
            guard let part = set.components[component] else {
                if let error = set.failed[component] {
                    passOver(set, for: component, as: .failed, because: "its backup failed: \(error.firstLine)")
                } else if set.configured?.contains(component) == true {
                    passOver(
                        set, for: component, as: .skipped,
                        because: "that run backed up only other components (--component)")
                }
                continue
            }
            try examine(component, part, of: set, defect: defects[component])
        }
    }

    /// An imported set may be newer than the backups of `dr`, and holds less than they do.
    private mutating func note(imported set: BackupSet) {
        if isOpen {
            wanted.formUnion(set.components.keys)
            sought = wanted
        }
        for component in sought where set.components[component] != nil {
            imports[component, default: []].append(set)
            newer[component, default: []].append(.imported(set.name))
        }
    }

    /// - Parameter defect: the reason why its manifest cannot be read.
    private mutating func examine(
        _ component: String, _ part: BackupSet.Component, of set: BackupSet, defect: String?
    ) throws {
        if let defect {
            passOver(set, for: component, as: .damaged, because: "its manifest cannot be read: \(defect)")
        } else {
            try take(component, part, of: set)
        }
    }

    private mutating func take(_ component: String, _ part: BackupSet.Component, of set: BackupSet) throws {
        if let before = part.shrunk {
            let reason = part.isEmpty ? "it is empty there" : "that set holds far less of it than set \(before)"
            passOver(set, for: component, as: part.isEmpty ? .empty : .shrunk, because: reason)
            fallbacks[component, default: []].append(Fallback(set: set, rank: .shrunk))
        } else if part.damaged > 0 {
            passOver(
                set, for: component, as: .partial,
                because: "\(part.damaged) damaged or unreadable paths of it are not in that set")
            fallbacks[component, default: []].append(Fallback(set: set, rank: .part))
        } else if marks[set.name].isDamaged, let reason = try damage(of: component, in: set) {
            passOver(set, for: component, as: .damaged, because: reason)
            fallbacks[component, default: []].append(Fallback(set: set, rank: .damaged))
        } else {
            choose(component, set)
        }
    }

    /// Why a set that is damaged in the store is not to be used; nil if the copies make the component whole.
    private mutating func damage(of component: String, in set: BackupSet) throws -> String? {
        guard var known = others ?? OtherStores(of: repository) else { return "a verification found it damaged" }
        defer { others = known }
        return try known.defect(of: component, in: set)
    }

    private mutating func choose(_ component: String, _ set: BackupSet) {
        let before = newer[component] ?? []
        chosen[component] = .init(set: set, passedOver: before.filter { $0.set > set.name }.sorted { $0.set > $1.set })
        sought.remove(component)
    }

    /// Records that a newer set is not chosen for the component.
    private mutating func passOver(
        _ set: BackupSet, for component: String, as kind: RestoreSelection.PassedOver.Kind, because reason: String
    ) {
        newer[component, default: []].append(.init(set: set.name, kind: kind, reason: reason))
    }

    /// Chooses the best set found for each component that was not found whole.
    mutating func settle(provesManifests: Bool) throws {
        for component in sought.sorted() {
            if best(for: component)?.rank != .part, let sets = imports[component] {
                newer[component]?.removeAll { $0.kind == .imported }
                for set in sets where sought.contains(component) {
                    guard let part = set.components[component] else { continue }
                    let defects = provesManifests ? try repository.unreadableManifests(of: [component], in: set) : [:]
                    try examine(component, part, of: set, defect: defects[component])
                }
            }
            if sought.contains(component), let best = best(for: component) { choose(component, best.set) }
        }
    }

    /// The first of equal rank: the newest one of `dr`.
    private func best(for component: String) -> Fallback? {
        fallbacks[component]?.min { $0.rank.rawValue < $1.rank.rawValue }
    }
}

extension RestoreSelection.PassedOver {
    fileprivate static func future(_ set: Timestamp, at now: Timestamp) -> Self {
        Self(set: set, kind: .future, reason: "it is from the future: this machine's clock says \(now)")
    }

    fileprivate static func imported(_ set: Timestamp) -> Self {
        Self(
            set: set, kind: .imported,
            reason: "it was imported from another tool's backup, and dr uses its own backups first")
    }

    fileprivate static func unreadable(_ set: Timestamp, _ reason: String) -> Self {
        Self(set: set, kind: .unreadable, reason: "it cannot be read: \(reason)")
    }
}

extension String {
    fileprivate var firstLine: String { split(whereSeparator: \.isNewline).first.map(String.init) ?? "" }
}
