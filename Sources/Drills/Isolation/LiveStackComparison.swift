internal import Cryptography

/// The observed facts of one live component at one time.
package struct LiveLook: Equatable, Sendable {
    /// The facts by subject: "server", "directory /data".
    package var facts: [String: String]
    /// The subjects that could not be read, with the reason.
    package var unseen: [String: String]

    package init(facts: [String: String] = [:], unseen: [String: String] = [:]) {
        self.facts = facts
        self.unseen = unseen
    }
}

/// A comparison of two observations of the live stack, of the facts in both.
package struct LiveStackComparison: Sendable {
    /// The observations by component.
    package var before: [String: LiveLook]
    package var after: [String: LiveLook]

    package init(before: [String: LiveLook], after: [String: LiveLook]) {
        self.before = before
        self.after = after
    }

    /// The digests of the facts in both observations, by component; none for a component without common facts.
    package var digests: [(component: String, before: String, after: String)] {
        before.keys.sorted().compactMap { component in
            guard let first = before[component], let second = after[component] else { return nil }
            let seen = Set(first.facts.keys).intersection(second.facts.keys).sorted()
            guard !seen.isEmpty else { return nil }
            func digest(_ look: LiveLook) -> String {
                let lines = seen.map { "\($0): \(look.facts[$0] ?? "")" }
                return Digest(of: [UInt8](lines.joined(separator: "\n").utf8)).hex
            }
            return (component, digest(first), digest(second))
        }
    }

    /// The subjects that the digests do not cover, one line each, for the evidence.
    package var blindSpots: [String] {
        before.keys.sorted().flatMap { component -> [String] in
            let first = before[component]?.unseen ?? [:]
            let second = after[component]?.unseen ?? [:]
            return Set(first.keys).union(second.keys).sorted().map { fact in
                let sight =
                    switch (first[fact], second[fact]) {
                    case (let why?, nil): "could not be read before the drill (\(why))"
                    case (nil, let why?): "could be read before the drill, but not after it (\(why))"
                    case (let why, _): "could not be read before and after the drill (\(why ?? "-"))"
                    }
                return "live \(component): its \(fact) \(sight): dr cannot show that the drill did not change it"
            }
        }
    }
}
