package import BackupRepository
import Platform
import StackConfiguration

/// The selection of the sets of a command.
extension Session {
    /// Returns the set that `--at` or an argument selects. Warns of skipped sets.
    package func set(_ selector: SetSelector, in repository: Repository) async throws -> BackupSet {
        let now = self.now()
        let known = try? state(of: repository).lastSet()
        if case .named(let name) = selector {
            do {
                let set = try await pool.run { try repository.set(name) }
                guard repository.scope.owns(set) else { throw foreign(set) }
                return set
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                // The set may be listed and not valid, which is another error than a set that is not there.
                if try await pool.run({ try repository.setNames(including: known).contains(name) }) { throw error }
            }
        }
        let limit = selector.limit(now: now)
        let (set, passedOver) = try await pool.run {
            try repository.newestSet(now: now, notAfter: limit, known: known)
        }
        guard let set else {
            throw try await nothingFound(notAfter: limit, passedOver: passedOver, in: repository, now: now)
        }
        SelectionText.tell(passedOver, Output(options: options), inCopy: copyName)
        if case .named(let name) = selector {
            let age = Units.duration(seconds: name.seconds - set.name.seconds)
            Output(options: options).warn(
                "there is no set \(name): dr uses the newest before it, \(set.name), \(age) older")
        }
        return set
    }

    /// Returns the sets that were committed and are gone without a prune.
    /// - Parameter usesNotes: false to look at the store only, and not at what this machine notes about its sets.
    package func missingSets(
        of components: Set<String>, in repository: Repository, usingNotes usesNotes: Bool = true
    ) async throws -> MissingSets {
        let state = usesNotes ? (try? self.state(of: repository)) : nil
        let (now, isCopy) = (self.now(), isOnCopy)
        return try await pool.run {
            try MissingSets(in: repository, state: state, components: components, now: now, isCopy: isCopy)
        }
    }

    /// The missing sets of the components that are asked for, found while their sets are selected; nil for all components.
    private func likelyMissing(of components: Set<String>?, in repository: Repository) async throws -> MissingSets? {
        guard let components else { return nil }
        return try await missingSets(of: components, in: repository)
    }

    /// Returns the sets to restore components from; for `latest`, the newest set that holds each component whole.
    ///
    /// Every selected manifest is readable. Warns of skipped sets.
    /// - Parameters:
    ///   - components: nil for all components of the newest set.
    ///   - acceptsOlder: false to refuse `latest` if this machine committed a newer set that is gone or damaged.
    package func selection(
        _ selector: SetSelector, of components: Set<String>?, in repository: Repository, acceptsOlder: Bool = true
    ) async throws -> RestoreSelection {
        let now = self.now()
        switch selector {
        case .latest:
            let known = try? state(of: repository).lastSet()
            async let early = likelyMissing(of: components, in: repository)
            let selection = try await repository.latest(
                of: components, now: now, known: known, provesManifests: true, pool: pool)
            guard !selection.parts.isEmpty else {
                // Sets that were removed must not look like a repository without a backup.
                if !acceptsOlder { try await missingSets(of: [], in: repository).refuseOlder() }
                // A set that lacks all of them gives a better error than no set.
                return RestoreSelection(try await set(.latest, in: repository))
            }
            SelectionText.tell(selection, Output(options: options), inCopy: copyName)
            let found = Set(selection.parts.keys)
            let missing =
                if found == components, let likely = try await early {
                    likely
                } else {
                    try await missingSets(of: found, in: repository)
                }
            for line in missing.lines + missing.hints { Output(options: options).warn(line) }
            if !acceptsOlder { try missing.refuseOlder(leaving: selection.newest?.name) }
            return selection
        case .sets(let names):
            let sets = try await pool.run {
                try names.mapValues { name in try repository.set(name) }
            }
            try await pool.run {
                _ = try SideBySide.map(sets.sorted { $0.key < $1.key }) { component, set in
                    _ = try repository.manifest(component, of: set)
                }
            }
            return RestoreSelection(sets)
        default:
            do {
                return RestoreSelection(try await readable(try await set(selector, in: repository), in: repository))
            } catch let error as RepositoryError where error.reason == .damaged {
                // A hint with an option of its own says more than a search for another set.
                guard case .named(let name) = selector,
                    !["--at", "--accept"].contains(where: (error.hint ?? "").contains)
                else { throw error }
                throw try await pool.run {
                    offer(error, instead: name, of: try repository.setNames(), in: repository)
                }
            }
        }
    }

    /// The set of one component.
    /// - Throws: `RepositoryError` `.noSuchComponent`, with the newest set of the component as its hint.
    package func set(
        of component: String, in selection: RestoreSelection, _ repository: Repository
    ) async throws -> BackupSet {
        if let part = selection.parts[component] { return part.set }
        let set = selection.newest
        var detail = "no backup set holds the component"
        if let set {
            let reason =
                set.failed[component].map { ": its backup failed: \($0)" }
                ?? (set.skipped.contains(component) ? ": the backup was limited to others (--component)" : "")
            detail = "set \(set.name) has no such component\(reason)"
        }
        var error = RepositoryError(.noSuchComponent, object: component, detail)
        error.hint = set.map { "the set has: \($0.components.keys.sorted().joined(separator: ", "))" }
        func newest(notAfter limit: Timestamp?) async -> Timestamp? {
            let found = try? await repository.latest(
                of: [component], now: self.now(), notAfter: limit, provesManifests: false, pool: pool)
            return found?.parts[component]?.set.name
        }
        if let other = await newest(notAfter: nil) {
            error.hint = "the newest set with the component is \(other): add --at \(other)"
            if let set, set.name < other, let before = await newest(notAfter: set.name) {
                error.hint? += "; the newest before \(set.name) is \(before)"
            }
        }
        throw error
    }

    private func foreign(_ set: BackupSet) -> RepositoryError {
        RepositoryError(
            .otherStack, object: "\(set.name)",
            "it is a backup of stack '\(set.stack ?? "")', not of '\(configuration.stack)'",
            hint: "use the dr.yaml of that stack; if this stack had that name before, add `former_stacks: "
                + "[\(set.stack ?? "")]` to dr.yaml")
    }

    /// The error for a selector that finds nothing.
    private func nothingFound(
        notAfter limit: Timestamp?, passedOver: [RestoreSelection.PassedOver], in repository: Repository, now: Timestamp
    ) async throws -> RepositoryError {
        let names = try await pool.run { try repository.setNames() }
        guard let oldest = names.first, let newest = names.last else {
            return RepositoryError(.noSuchSet, object: "sets", "there is no backup yet", hint: "run `dr backup`")
        }
        if repository.scope.isFuture(oldest, at: now) {
            return RepositoryError(
                .noSuchSet, object: "sets",
                "all \(names.count) sets are from the future: this machine's clock shows \(now.readable)",
                hint: "set the clock, or name a set: --at \(newest)")
        }
        if let limit, oldest > limit {
            return RepositoryError(
                .noSuchSet, object: limit.description, "there is no set at or before that time",
                hint: "the oldest set is \(oldest)")
        }
        if let unreadable = passedOver.first(where: { $0.kind == .unreadable }) {
            return RepositoryError(.damaged, object: "sets/\(unreadable.set).json", unreadable.reason)
        }
        if let set = await pool.run({ try? repository.set(newest) }), !repository.scope.owns(set) {
            return foreign(set)
        }
        return RepositoryError(
            .noSuchSet, object: "sets", "there is no backup of this stack", hint: "run `dr list` to see the sets")
    }

    // MARK: Readable

    /// Returns the set after it has read every manifest of the set.
    /// - Throws: `RepositoryError` `.damaged`, with the newest intact set as its hint.
    private func readable(_ set: BackupSet, in repository: Repository) async throws -> BackupSet {
        try await pool.run {
            do {
                try proveManifests(set, repository)
                return set
            } catch let error as RepositoryError where error.reason == .damaged {
                throw offer(error, instead: set.name, of: try repository.setNames(), in: repository)
            }
        }
    }

    private func proveManifests(_ set: BackupSet, _ repository: Repository) throws {
        _ = try SideBySide.map(set.components.keys.sorted()) { _ = try repository.manifest($0, of: set) }
    }

    private func offer(
        _ error: RepositoryError, instead name: Timestamp, of names: [Timestamp], in repository: Repository
    ) -> RepositoryError {
        var error = error
        let older = names.reversed().drop { $0 >= name }
        // Only the nearest sets: a search through years of sets takes too long in an outage.
        let good = older.prefix(50).first { name in
            guard let set = try? repository.set(name), repository.scope.owns(set) else { return false }
            return (try? proveManifests(set, repository)) != nil
        }
        let verify = StoreCommand.text("verify", inCopy: copyName)
        error.hint =
            good.map { good in
                let loss = Units.duration(seconds: name.seconds - good.seconds)
                return "the newest intact set before it is \(good), \(loss) older: add --at \(good) to use it and "
                    + "lose the data of that time"
            } ?? "no intact set was found before it; run `\(verify)` to check all sets"
        return error
    }
}
