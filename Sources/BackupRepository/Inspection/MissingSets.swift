internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Sets that were committed and cannot be read any more, without a prune: a user removed them, the store hides them, or
/// they are damaged.
package struct MissingSets: Sendable {
    /// The set that this machine committed last.
    package let ownLast: Timestamp?
    /// Manifests newer than the newest set, whose runs committed a set that is not there, as a trusted signer says.
    package let manifests: [String]
    /// The same without a signature: any user who can write to the store can cause them.
    package let suspicions: [String]
    /// Earlier sets of this machine that were gone when it made the next one.
    package let ownEarlier: [Timestamp]
    private let fate: Fate

    /// Why ``ownLast`` is not the newest set in the listing.
    private enum Fate {
        case gone
        /// The first store may have it, and was not read.
        case outOfReach
        /// It is there with another content.
        case exchanged
        /// It is there, and its document cannot be read. Damage hides a set as well as its removal does.
        case damaged
    }

    /// Blocks.
    /// - Parameters:
    ///   - state: the notes of this machine; nil if it has none.
    ///   - components: whose manifests are looked at.
    ///   - isCopy: true if the repository is read from a copy alone.
    package init(
        in repository: Repository, state: StateFolder?, components: Set<String>, now: Timestamp, isCopy: Bool = false
    ) throws {
        let lastSet = state?.lastSet()
        // A set from the future is of no use yet, and is not gone: a clock was wrong then, or is wrong now.
        let names = try repository.setNames(including: lastSet)
        var own = lastSet.flatMap { names.contains($0) ? nil : $0 }
        var earlier = (state?.missingSets() ?? []).filter { !names.contains($0) }
        if own != nil || !earlier.isEmpty {
            let pruned = try PrunedMark.names(in: repository, unreadable: { _ in })
            own = own.flatMap { pruned.contains($0) ? nil : $0 }
            earlier.removeAll { pruned.contains($0) }
        }
        let isFirstAway = repository.store.with(FallbackStore.self)?.isFirstAway ?? false
        var fate = isCopy || isFirstAway ? Fate.outOfReach : .gone
        if own == nil, let lastSet, let digest = state?.digest(ofLastSet: lastSet), names.contains(lastSet) {
            do {
                if try repository.document(ofSet: lastSet).digest.hex != digest { (own, fate) = (lastSet, .exchanged) }
            } catch let error as RepositoryError where error.reason == .damaged {
                // An operator who dropped it knows that it is of no use.
                let isDropped = try SetMarks(Marks(repository))[lastSet].dropReason(at: now) != nil
                if !isDropped { (own, fate) = (lastSet, .damaged) }
            } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {}
        }
        (ownLast, self.fate) = (own, fate)
        ownEarlier = earlier
        let present = names.filter { !repository.scope.isFuture($0, at: now) }
        let orphans = try Self.orphans(in: repository, newerThan: present, of: names, components: components)
        manifests = orphans.filter(\.isProved).map(\.key)
        suspicions = orphans.filter { !$0.isProved }.map(\.key)
    }

    package var isEmpty: Bool { ownLast == nil && manifests.isEmpty && ownEarlier.isEmpty }

    /// One sentence for each finding.
    package var lines: [String] {
        let words =
            switch fate {
            case .gone: "is gone, and no prune removed it"
            case .outOfReach: "is not in what could be read; the first store may have it"
            case .exchanged: "has another content now"
            case .damaged: "cannot be read"
            }
        var lines = ownLast.map { ["set \($0), which this machine committed, \(words)"] } ?? []
        if let last = ownEarlier.last {
            let more = ownEarlier.count > 1 ? " and \(ownEarlier.count - 1) more" : ""
            let are = ownEarlier.count > 1 ? "are" : "is"
            lines.append(
                "set \(last)\(more), which this machine committed earlier, \(are) gone, and no prune removed "
                    + (ownEarlier.count > 1 ? "them" : "it"))
        }
        if let first = manifests.first {
            let more = manifests.count > 1 ? " and \(manifests.count - 1) more" : ""
            lines.append(
                "'\(first)'\(more), newer than the newest set: the run committed a set that is gone: "
                    + "a newer set may have been removed")
        }
        return lines
    }

    /// One sentence if there are ``suspicions``. They must not alarm: an alarm that any user can raise is soon ignored.
    package var hints: [String] {
        guard let first = suspicions.first else { return [] }
        let more = suspicions.count > 1 ? " and \(suspicions.count - 1) more" : ""
        return [
            "'\(first)'\(more), newer than the newest set: an unsigned mark says that the run committed a set: a "
                + "newer set may have been removed"
        ]
    }

    /// - Parameter left: the newest set that can be used instead; nil if it is not known.
    /// - Throws: `RepositoryError` `.setRemoved`, or `.damaged`, if this machine knows of a newer set.
    package func refuseOlder(leaving left: Timestamp? = nil) throws {
        guard let ownLast else { return }
        let (finding, remedy): (String, String) =
            switch fate {
            case .gone:
                (
                    "it is gone, and no prune removed it: the newest set left is older",
                    "look for it in the versions of the bucket"
                )
            case .outOfReach:
                ("it is not in what could be read: the newest set left is older", "the first store may have it")
            case .exchanged:
                ("it has another content now: another user replaced it", "look for it in the versions of the bucket")
            case .damaged:
                ("it cannot be read: the newest set left is older", "`dr repair` puts it back if a copy has it")
            }
        var choice = "`--at SET` or --accept-older restores an older set"
        if let left, left < ownLast {
            let age = Units.duration(seconds: ownLast.seconds.subtractingClamped(left.seconds))
            choice = "add --accept-older to use set \(left), \(age) older, or --at SET to use another one"
        }
        throw RepositoryError(
            fate == .damaged ? .damaged : .setRemoved, object: Layout.set(ownLast).text,
            "this machine committed it, and \(finding)", hint: "\(remedy); \(choice)")
    }

    /// Manifests that are examined at most: more do not say more.
    private static let most = 20

    /// - Parameters:
    ///   - present: the sets that are not from the future.
    ///   - all: all sets, in order.
    private static func orphans(
        in repository: Repository, newerThan present: [Timestamp], of all: [Timestamp], components: Set<String>
    ) throws -> [(key: String, isProved: Bool)] {
        guard let newest = present.last else { return [] }
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
        for name in all.suffix(most).reversed() {
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
