package import BackupRepository
import Platform
import StackConfiguration

/// Finding the sets that a command works with.
extension Session {
    /// One set that `--at` or an argument means. Sets that were passed over on the way are told.
    package func set(_ selector: SetSelector, in repository: Repository) async throws -> BackupSet {
        let now = self.now()
        let known = try? state(of: repository).lastSet()
        if case .named(let name) = selector {
            let names = try await pool.run { try repository.setNames(including: known) }
            if names.contains(name) {
                let set = try await pool.run { try repository.set(name) }
                guard repository.scope.owns(set) else { throw foreign(set) }
                return set
            }
        }
        let limit = selector.limit(now: now)
        let (set, passedOver) = try await pool.run {
            try repository.newestSet(now: now, notAfter: limit, known: known)
        }
        guard let set else {
            throw try await nothingFound(notAfter: limit, passedOver: passedOver, in: repository, now: now)
        }
        SelectionText.tell(passedOver, Output(options: options))
        return set
    }

    /// The sets that components are restored from: for `latest` of each component the newest that holds it whole.
    ///
    /// Every manifest that is chosen can be read. What was passed over is told.
    /// - Parameter components: nil for all of the newest set.
    package func selection(
        _ selector: SetSelector, of components: Set<String>?, in repository: Repository
    ) async throws -> RestoreSelection {
        let now = self.now()
        switch selector {
        case .latest:
            let known = try? state(of: repository).lastSet()
            let selection = try await repository.latest(
                of: components, now: now, known: known, provesManifests: true, pool: pool)
            guard !selection.parts.isEmpty else {
                // A set that lacks them all says more than that there is none.
                return RestoreSelection(try await set(.latest, in: repository))
            }
            SelectionText.tell(selection, Output(options: options))
            return selection
        case .sets(let names):
            let sets = try await pool.run {
                try names.mapValues { name in try repository.set(name) }
            }
            for (component, set) in sets {
                _ = try await pool.run { try repository.manifest(component, of: set) }
            }
            return RestoreSelection(sets)
        default:
            do {
                return RestoreSelection(try await readable(try await set(selector, in: repository), in: repository))
            } catch let error as RepositoryError where error.reason == .damaged {
                guard case .named(let name) = selector, !(error.hint ?? "").contains("--at") else { throw error }
                throw try await pool.run {
                    offer(error, instead: name, of: try repository.setNames(), in: repository)
                }
            }
        }
    }

    /// The set of one component.
    /// - Throws: `RepositoryError` `.noSuchComponent`, with the newest set that has it as its hint.
    package func set(
        of component: String, in selection: RestoreSelection, _ repository: Repository
    ) async throws -> BackupSet {
        if let part = selection.parts[component] { return part.set }
        let set = selection.newest
        var detail = "no backup set holds it"
        if let set {
            let reason =
                set.failed[component].map { ": it failed then: \($0)" }
                ?? (set.skipped.contains(component) ? ": that run was only asked for others (--component)" : "")
            detail = "set \(set.name) has no such component\(reason)"
        }
        var error = RepositoryError(.noSuchComponent, object: component, detail)
        error.hint = set.map { "it has: \($0.components.keys.sorted().joined(separator: ", "))" }
        func newest(notAfter limit: Timestamp?) async -> Timestamp? {
            let found = try? await repository.latest(
                of: [component], now: self.now(), notAfter: limit, provesManifests: false, pool: pool)
            return found?.parts[component]?.set.name
        }
        if let other = await newest(notAfter: nil) {
            error.hint = "the newest set that has it is \(other): --at \(other)"
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
            hint: "use the dr.yaml of that stack; if this stack had that name before, write `former_stacks: "
                + "[\(set.stack ?? "")]` in dr.yaml")
    }

    /// The error for a selector that finds nothing.
    private func nothingFound(
        notAfter limit: Timestamp?, passedOver: [RestoreSelection.PassedOver], in repository: Repository, now: Timestamp
    ) async throws -> RepositoryError {
        let names = try await pool.run { try repository.setNames() }
        guard let oldest = names.first, let newest = names.last else {
            return RepositoryError(.noSuchSet, object: "sets", "there is no backup yet", hint: "`dr backup` makes one")
        }
        if repository.scope.isFuture(oldest, at: now) {
            return RepositoryError(
                .noSuchSet, object: "sets",
                "all \(names.count) sets are from the future: this machine's clock says \(now.readable)",
                hint: "set the clock, or name a set: --at \(newest)")
        }
        if let limit, oldest > limit {
            return RepositoryError(
                .noSuchSet, object: limit.description, "there is no set at or before that time",
                hint: "the oldest is \(oldest)")
        }
        if let unreadable = passedOver.first(where: { $0.kind == .unreadable }) {
            return RepositoryError(.damaged, object: "sets/\(unreadable.set).json", unreadable.reason)
        }
        if let set = await pool.run({ try? repository.set(newest) }), !repository.scope.owns(set) {
            return foreign(set)
        }
        return RepositoryError(
            .noSuchSet, object: "sets", "there is no backup of this stack", hint: "`dr list` shows the sets")
    }

    // MARK: Readable

    /// The set, once every manifest that it names was read.
    /// - Throws: `RepositoryError` `.damaged`, with the newest good set as its hint.
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
        for component in set.components.keys.sorted() { _ = try repository.manifest(component, of: set) }
    }

    private func offer(
        _ error: RepositoryError, instead name: Timestamp, of names: [Timestamp], in repository: Repository
    ) -> RepositoryError {
        var error = error
        let older = names.reversed().drop { $0 >= name }
        // The nearest few: on the worst day a walk through seven years takes too long.
        let good = older.prefix(50).first { name in
            guard let set = try? repository.set(name), repository.scope.owns(set) else { return false }
            return (try? proveManifests(set, repository)) != nil
        }
        error.hint =
            good.map { good in
                let loss = Units.duration(seconds: name.seconds - good.seconds)
                return "the newest good set before it is \(good), \(loss) older: --at \(good) takes it, at the cost of "
                    + "that much more data"
            } ?? "no good set was found before it; `dr verify` looks at all"
        return error
    }
}
