internal import BackupRepository
internal import Platform

/// The decision of a restore about one silence of a backup.
struct SilencePlan: Equatable {
    enum Step: Equatable {
        /// The target has an equal one, of this id.
        case keep(String)
        case create
        /// Change the target's silence of this id.
        case change(String)
        /// Leave the target's silence alone.
        case conflict
        /// It has ended.
        case skip
    }

    var silence: Silence
    var step: Step
    var detail: String?

    var outcome: ImportedObject.Outcome {
        switch step {
        case .keep: .same
        case .create: .create
        case .change: .update
        case .conflict: .conflict
        case .skip: .skipped
        }
    }
}

/// Compares the silences of a backup with those of a server.
///
/// A server gives each silence that it creates a new id, and refuses a start in the past. Two silences are therefore
/// equal if they have the same matchers, end, creator and comment, and if both have begun or begin at the same time.
struct SilenceComparison {
    /// Milliseconds since 1970, by the server's clock.
    let now: Int
    let replaces: Bool

    private struct Key: Hashable {
        var matchers: Set<Matcher>
        var creator: String
        var comment: String
        var endsAt: Int
        /// Nil once it has begun.
        var startsAt: Int?
    }

    private func key(_ silence: Silence) -> Key {
        Key(
            matchers: silence.matchers, creator: silence.creator, comment: silence.comment, endsAt: silence.endsAt,
            startsAt: silence.startsAt > now ? silence.startsAt : nil)
    }

    func areEqual(_ first: Silence, _ second: Silence) -> Bool { key(first) == key(second) }

    /// - Parameters:
    ///   - stored: the silences of the backup.
    ///   - present: those of the server, the ended ones included.
    /// - Returns: one plan for each stored silence, in the order of `stored`.
    func plans(for stored: [Silence], present: [Silence]) -> [SilencePlan] {
        let live = present.filter { $0.state(at: now) != .expired }
        let byID = Dictionary(present.map { ($0.id, $0) }) { first, _ in first }
        // Equal ones are matched first, each to one stored silence only: a backup may have duplicates.
        var free = Dictionary(grouping: live, by: key)
        var equal: [String: Silence] = [:]
        let wanted = stored.filter { $0.state(at: now) != .expired }
        for isOwn in [true, false] {
            for silence in wanted where equal[silence.id] == nil {
                let key = key(silence)
                guard let index = free[key]?.firstIndex(where: { !isOwn || $0.id == silence.id }) else { continue }
                equal[silence.id] = free[key]?.remove(at: index)
            }
        }
        var others = Dictionary(grouping: free.values.joined(), by: \.matchers)
        return stored.map { silence in
            if silence.state(at: now) == .expired {
                return SilencePlan(silence: silence, step: .skip, detail: "it ended at \(Instant.text(silence.endsAt))")
            }
            if let same = equal[silence.id] {
                return SilencePlan(
                    silence: silence, step: .keep(same.id),
                    detail: same.id == silence.id ? nil : "its id is \(same.id) here")
            }
            let rival = others[silence.matchers].flatMap { candidates in
                candidates.firstIndex { isRival($0, of: silence) }
            }.flatMap { others[silence.matchers]?.remove(at: $0) }
            return plan(for: silence, own: byID[silence.id], rival: rival)
        }
    }

    /// True if a silence of the server is a changed form of the stored one.
    private func isRival(_ present: Silence, of stored: Silence) -> Bool {
        if present.id == stored.id || AlertmanagerCanary.isCanary(stored) { return true }
        return present.creator == stored.creator && present.comment == stored.comment
            && present.startsAt < stored.endsAt && stored.startsAt < present.endsAt
    }

    /// The plan for a silence that has no equal on the server.
    /// - Parameters:
    ///   - own: the silence of the same id on the server, which may have ended.
    ///   - rival: a changed form of it.
    private func plan(for silence: Silence, own: Silence?, rival: Silence?) -> SilencePlan {
        let live = own.flatMap { $0.state(at: now) == .expired ? nil : $0 }
        if let other = live ?? rival {
            let difference = difference(silence, other)
            if AlertmanagerCanary.isCanary(silence) { return SilencePlan(silence: silence, step: .change(other.id)) }
            guard replaces else {
                return SilencePlan(
                    silence: silence, step: .conflict,
                    detail: "silence \(other.id.printable) differs here: \(difference); --replace changes it")
            }
            return SilencePlan(silence: silence, step: .change(other.id), detail: "differed: \(difference)")
        }
        guard let own, !replaces, !AlertmanagerCanary.isCanary(silence) else {
            return SilencePlan(silence: silence, step: .create)
        }
        // An operator ended it after the backup: alerts that notify again must not become silent without a request.
        return SilencePlan(
            silence: silence, step: .conflict,
            detail: "it was ended here at \(Instant.text(own.endsAt)); --replace creates it again")
    }

    private func difference(_ stored: Silence, _ present: Silence) -> String {
        var parts: [String] = []
        if stored.matchers != present.matchers { parts.append("it matches \(present.matching.printable)") }
        if key(stored).startsAt != key(present).startsAt {
            parts.append("it begins at \(Instant.text(present.startsAt))")
        }
        if stored.endsAt != present.endsAt { parts.append("it ends at \(Instant.text(present.endsAt))") }
        if stored.creator != present.creator { parts.append("another creator") }
        if stored.comment != present.comment { parts.append("another comment") }
        return parts.joined(separator: ", ")
    }
}
