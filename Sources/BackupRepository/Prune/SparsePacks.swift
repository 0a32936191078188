internal import Platform
internal import Synchronization

/// Packs of the newest backup of which the kept sets need only a small part.
///
/// A pack cannot be rewritten: manifests name it, and are never changed. But the next backup can store the part of such
/// a pack that it still needs again. Then only older sets need the pack, and it is removed with them.
final class SparsePacks: Sendable {
    private struct Candidate {
        var use: Manifest.PackUse
        /// Members that some kept manifest needs.
        var needed: RangeSet<Int>
        var isSparse: Bool { needed.memberCount * 2 < use.members }
    }

    private let candidates = Mutex([String: [String: Candidate]]())
    /// All packs of the newest backup, by component.
    private let newest = Mutex([String: Set<String>]())
    /// Packs of the newest backup that the store has lost, by component.
    private let lost = Mutex([String: Set<String>]())

    /// Bounds the memory and the number of indexes to read; the next prune continues with others.
    private static let mostCandidates = 4096
    /// A pack is unwanted if less than a fifth of its content is needed.
    private static let neededShare = 5
    /// The largest number of plain bytes that one backup stores again.
    private static let mostBytes = 1 << 30

    /// Begins with the manifests of the newest set; only their packs can become unwanted.
    func seed(_ manifest: Manifest) {
        newest.withLock { $0[manifest.component] = Set(manifest.packs.map(\.pack)) }
        candidates.withLock { candidates in
            for use in manifest.packs {
                let candidate = Candidate(use: use, needed: use.liveMembers.union(use.lentMembers))
                guard candidate.isSparse else { continue }
                guard candidates.values.reduce(0, { $0 + $1.count }) < Self.mostCandidates else { return }
                candidates[manifest.component, default: [:]][use.pack] = candidate
            }
        }
    }

    /// Adds a pack that the store has lost: the next backup must not build upon it.
    func lose(_ pack: String, of component: String) {
        lost.withLock { _ = $0[component, default: []].insert(pack) }
    }

    /// Adds the needs of another kept manifest.
    func add(_ manifest: Manifest) {
        candidates.withLock { candidates in
            guard var own = candidates[manifest.component], !own.isEmpty else { return }
            for use in manifest.packs {
                guard var candidate = own[use.pack] else { continue }
                candidate.needed.formUnion(use.liveMembers)
                candidate.needed.formUnion(use.lentMembers)
                own[use.pack] = candidate.isSparse ? candidate : nil
            }
            candidates[manifest.component] = own
        }
    }

    /// Reads the indexes of the candidates.
    /// - Returns: for each component, in order, the packs of which less than a fifth of the bytes is needed, and those that
    ///   are lost.
    /// - Parameter known: packs that are not wanted any more; those that the newest backup still needs stay so.
    func unwanted(in repository: Repository, known: [String: Set<String>]) throws -> [String: [String]] {
        let (lost, newest) = (lost.withLock { $0 }, newest.withLock { $0 })
        let still = known.merging(newest) { $0.intersection($1) }.filter {
            known[$0.key] != nil && newest[$0.key] != nil
        }
        var unwanted = lost.merging(still) { $0.union($1) }.filter { !$0.value.isEmpty }.mapValues { $0.sorted() }
        var bytes = 0
        for (component, packs) in candidates.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            for (pack, candidate) in packs.sorted(by: { $0.key < $1.key }) {
                try Task.checkCancellation()
                guard let index = try? repository.index(component, candidate.use) else { continue }
                var (total, needed) = (0, 0)
                for (number, member) in index.members.enumerated() where member.offset != nil {
                    total = total.addingClamped(member.size ?? 0)
                    if candidate.needed.contains(number) { needed = needed.addingClamped(member.size ?? 0) }
                }
                guard needed.multipliedClamped(by: Self.neededShare) < total, needed <= Self.mostBytes - bytes else {
                    continue
                }
                bytes += needed
                unwanted[component, default: []].append(pack)
            }
        }
        return unwanted.mapValues { Set($0).sorted() }
    }
}
