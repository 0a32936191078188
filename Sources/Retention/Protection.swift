internal import Platform

/// The conditions under which old sets of a component outlive the policy, because the sets that would remain may not be
/// usable.
package struct Protection: Hashable, Sendable {
    /// True to keep every set while none that would remain is whole and undamaged.
    package var keepsWhileDamaged = false
    /// Keep every set if none that would remain was verified within this time, in seconds; nil for any time. Applies only
    /// to a component with a verified set: without any, verification is not in use.
    package var longestUnverified: Int?
    /// Keep a set that is larger than all that would remain by so much that they have less than this share of it; 0 for
    /// never.
    package var smallestShare = 0.0

    package init() {}

    /// No conditions.
    package static let none = Protection()
    /// The defaults of `dr.yaml`.
    package static let usual = {
        var protection = Protection()
        protection.keepsWhileDamaged = true
        protection.longestUnverified = 90 * 86_400
        protection.smallestShare = 0.5
        return protection
    }()

    /// Components below this size are not compared by size.
    static let smallestBytes = 65_536
}

extension Judgement {
    /// The sets that the policy would drop and the protection keeps, with the reason.
    /// - Parameters:
    ///   - components: of this view; the sizes of each are compared.
    func protected(by protection: Protection, components: [String], now: Int) -> [(position: Int, reason: Reason)] {
        let dropped = (0..<past).filter { !keep[$0] }
        guard !dropped.isEmpty else { return [] }
        let sound = (0..<past).filter { keep[$0] && sets[$0].facts.isSound }
        guard !sound.isEmpty else {
            return protection.keepsWhileDamaged ? dropped.map { ($0, .onlyDamagedRemains) } : []
        }
        if let limit = protection.longestUnverified, sets[..<past].contains(where: { $0.facts.verified != nil }) {
            let verified = sound.compactMap { sets[$0].facts.verified }.max()
            guard let verified, verified >= now - limit else {
                return dropped.map { ($0, .onlyUnverifiedRemains(since: verified)) }
            }
        }
        return larger(dropped, than: sound, by: protection.smallestShare, components: components)
    }

    /// The newest dropped set that is larger by the share, then the newest one that is larger than that, and so on: each
    /// is at least twice as large as the one before for a share of a half, so they are few.
    private func larger(
        _ dropped: [Int], than sound: [Int], by share: Double, components: [String]
    ) -> [(position: Int, reason: Reason)] {
        guard share > 0 else { return [] }
        var found: [(position: Int, reason: Reason)] = []
        for component in components {
            func size(_ position: Int) -> Int { sets[position].facts.sizes?[component] ?? 0 }
            var largest = sound.map(size).max() ?? 0
            for position in dropped.reversed() where sets[position].facts.isSound {
                let own = size(position)
                guard own >= Protection.smallestBytes, Double(largest) < Double(own) * share else { continue }
                if !found.contains(where: { $0.position == position }) {
                    found.append((position, .onlySmallerRemains(largest: largest, own: own)))
                }
                largest = own
            }
        }
        return found
    }
}
