internal import ObjectStorage

/// Sets that were committed and are gone without a prune: somebody removed them, or the store hides them.
package struct MissingSets: Sendable {
    /// The set that this machine committed last.
    package let ownLast: Timestamp?
    /// Manifests newer than the newest set, whose runs committed a set that is not there.
    package let manifests: [String]

    /// Blocks.
    /// - Parameters:
    ///   - lastSet: the newest set that this machine committed; nil if it does not know one.
    ///   - components: whose manifests are looked at.
    package init(in repository: Repository, lastSet: Timestamp?, components: Set<String>, now: Timestamp) throws {
        let names = try repository.setNames(including: lastSet).filter { !repository.scope.isFuture($0, at: now) }
        var own: Timestamp?
        if let lastSet, !names.contains(lastSet),
            try !PrunedMark.names(in: repository, unreadable: { _ in }).contains(lastSet)
        {
            own = lastSet
        }
        ownLast = own
        manifests = try Self.orphans(in: repository, newerThan: names, components: components)
    }

    package var isEmpty: Bool { ownLast == nil && manifests.isEmpty }

    /// One sentence for each finding.
    package var lines: [String] {
        var lines = ownLast.map { ["set \($0), which this machine committed, is gone, and no prune removed it"] } ?? []
        if let first = manifests.first {
            let more = manifests.count > 1 ? " and \(manifests.count - 1) more" : ""
            lines.append(
                "'\(first)'\(more) is newer than the newest set, and its run committed a set that is gone: "
                    + "a newer set may have been removed")
        }
        return lines
    }

    /// - Throws: `RepositoryError` `.setRemoved` if this machine knows of a newer set.
    package func refuseOlder() throws {
        guard let ownLast else { return }
        throw RepositoryError(
            .setRemoved, object: Layout.set(ownLast).text,
            "this machine committed it, it is gone, and no prune removed it: the newest set left is older",
            hint: "look for it in the versions of the bucket; `--at SET` or --accept-older restores an older set")
    }

    /// Manifests that are examined at most: more do not say more.
    private static let most = 20

    private static func orphans(
        in repository: Repository, newerThan names: [Timestamp], components: Set<String>
    ) throws -> [String] {
        guard let newest = names.last else { return [] }
        var found: [(component: String, name: Timestamp)] = []
        for component in components.sorted() {
            try repository.store.list(
                prefix: Layout.manifestPrefix(component), after: Layout.manifest(component, newest)
            ) { object in
                if let name = Layout.name(of: object.key, suffix: ".json").flatMap({ Timestamp($0) }) {
                    found.append((component, name))
                }
                return found.count < most ? .proceed : .stop
            }
            // A manifest of the same second as the set is not behind it in the listing.
            if found.count < most { found.append((component, newest)) }
        }
        guard !found.isEmpty else { return [] }
        // A set has the time of its start as its name, and a manifest the time of its capture, which is later.
        var named: Set<ObjectKey> = []
        for name in names.suffix(most) {
            do {
                for (component, part) in try repository.set(name, void: nil).components {
                    named.insert(Layout.manifest(component, part.manifest))
                }
            } catch let error as RepositoryError
                where error.reason == .damaged || error.reason == .noSuchSet
            {
                return []  // its manifests are not known
            }
        }
        let marks = Marks(repository)
        return try found.filter { component, name in
            guard !named.contains(Layout.manifest(component, name)) else { return false }
            guard try repository.store.head(Layout.manifest(component, name)) != nil else { return false }
            do {
                guard let run = try repository.manifest(component, name).run else { return false }
                return try OutcomeMark.find(run, in: marks) == .committed
            } catch let error as RepositoryError where error.reason == .damaged {
                return false
            }
        }.map { Layout.manifest($0.component, $0.name).text }
    }
}
