internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Sets that were committed and are gone without a prune: a user removed them, or the store hides them.
package struct MissingSets: Sendable {
    /// The set that this machine committed last.
    package let ownLast: Timestamp?
    /// Manifests newer than the newest set, whose runs committed a set that is not there, as a trusted signer says.
    package let manifests: [String]
    /// The same without a signature: any user who can write to the store can cause them.
    package let suspicions: [String]
    /// Earlier sets of this machine that were gone when it made the next one.
    package let ownEarlier: [Timestamp]
    /// True if ``ownLast`` is there with another content.
    package let isExchanged: Bool

    /// Blocks.
    /// - Parameters:
    ///   - state: the notes of this machine; nil if it has none.
    ///   - components: whose manifests are looked at.
    package init(in repository: Repository, state: StateFolder?, components: Set<String>, now: Timestamp) throws {
        let lastSet = state?.lastSet()
        let names = try repository.setNames(including: lastSet).filter { !repository.scope.isFuture($0, at: now) }
        var own: Timestamp?
        if let lastSet, !names.contains(lastSet),
            try !PrunedMark.names(in: repository, unreadable: { _ in }).contains(lastSet)
        {
            own = lastSet
        }
        var isExchanged = false
        if own == nil, let lastSet, let digest = state?.digest(ofLastSet: lastSet), names.contains(lastSet) {
            do {
                isExchanged = try repository.document(ofSet: lastSet).digest.hex != digest
            } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
                isExchanged = false  // damage, which is reported as such
            }
            if isExchanged { own = lastSet }
        }
        (ownLast, self.isExchanged) = (own, isExchanged)
        ownEarlier = (state?.missingSets() ?? []).filter { !names.contains($0) }
        let orphans = try Self.orphans(in: repository, newerThan: names, components: components)
        manifests = orphans.filter(\.isProved).map(\.key)
        suspicions = orphans.filter { !$0.isProved }.map(\.key)
    }

    package var isEmpty: Bool { ownLast == nil && manifests.isEmpty && ownEarlier.isEmpty }

    /// One sentence for each finding.
    package var lines: [String] {
        let fate = isExchanged ? "has another content now" : "is gone, and no prune removed it"
        var lines = ownLast.map { ["set \($0), which this machine committed, \(fate)"] } ?? []
        if let last = ownEarlier.last {
            let more = ownEarlier.count > 1 ? " and \(ownEarlier.count - 1) more" : ""
            lines.append("set \(last)\(more), which this machine committed earlier, is gone, and no prune removed it")
        }
        if let first = manifests.first {
            let more = manifests.count > 1 ? " and \(manifests.count - 1) more" : ""
            lines.append(
                "'\(first)'\(more) is newer than the newest set, and its run committed a set that is gone: "
                    + "a newer set may have been removed")
        }
        return lines
    }

    /// One sentence if there are ``suspicions``. They must not alarm: an alarm that any user can raise is soon ignored.
    package var hints: [String] {
        guard let first = suspicions.first else { return [] }
        let more = suspicions.count > 1 ? " and \(suspicions.count - 1) more" : ""
        return [
            "'\(first)'\(more) is newer than the newest set, and an unsigned mark says that its run committed a set: a "
                + "newer set may have been removed"
        ]
    }

    /// - Throws: `RepositoryError` `.setRemoved` if this machine knows of a newer set.
    package func refuseOlder() throws {
        guard let ownLast else { return }
        throw RepositoryError(
            .setRemoved, object: Layout.set(ownLast).text,
            isExchanged
                ? "this machine committed it with another content: another user replaced it"
                : "this machine committed it, it is gone, and no prune removed it: the newest set left is older",
            hint: "look for it in the versions of the bucket; `--at SET` or --accept-older restores an older set")
    }

    /// Manifests that are examined at most: more do not say more.
    private static let most = 20

    private static func orphans(
        in repository: Repository, newerThan names: [Timestamp], components: Set<String>
    ) throws -> [(key: String, isProved: Bool)] {
        guard let newest = names.last else { return [] }
        // A manifest may be of the same second as the set.
        let before = Timestamp(seconds: newest.seconds.subtractingClamped(1))
        let listed = try SideBySide.map(components.sorted()) { component in
            var names: [(component: String, name: Timestamp)] = []
            try repository.store.list(
                prefix: Layout.manifestPrefix(component), after: Layout.manifest(component, before)
            ) { object in
                if let name = Layout.name(of: object.key, suffix: ".json").flatMap({ Timestamp($0) }) {
                    names.append((component, name))
                }
                return names.count < most ? .proceed : .stop
            }
            return names
        }
        var found = Array(listed.joined().prefix(most))
        guard !found.isEmpty else { return [] }
        // A set has the time of its start as its name, and a manifest the time of its capture, which is later.
        var named: Set<ObjectKey> = []
        var runs: Set<String> = []
        for name in names.suffix(most).reversed() {
            do {
                let set = try repository.set(name, void: nil)
                // A run that a prune overtook wrote a manifest that its set does not name.
                runs.insert(set.run)
                for (component, part) in set.components {
                    named.insert(Layout.manifest(component, part.manifest))
                }
            } catch let error as RepositoryError
                where error.isUnreadable || error.reason == .noSuchSet
            {
                continue  // a set that cannot be read must not hide that another one is gone
            }
            found.removeAll { named.contains(Layout.manifest($0.component, $0.name)) }
            // Older sets matter only to a manifest that the newest ones do not name.
            guard !found.isEmpty else { return [] }
        }
        let marks = Marks(repository)
        return try found.compactMap { component, name in
            let key = Layout.manifest(component, name)
            guard !named.contains(key), try repository.store.head(key) != nil else { return nil }
            do {
                guard let run = try repository.manifest(component, name).run, !runs.contains(run),
                    try OutcomeMark.find(run, in: marks) == .committed
                else { return nil }
                return (key.text, try OutcomeMark.isCommitted(run, after: name, in: marks))
            } catch let error as RepositoryError where error.isUnreadable {
                return nil
            }
        }
    }
}
