internal import Cryptography

/// What was seen of one live component at one moment.
package struct LiveLook: Equatable, Sendable {
    /// By what it is: "server", "directory /data".
    package var facts: [String: String]
    /// What could not be looked at, and why.
    package var unseen: [String: String]

    package init(facts: [String: String] = [:], unseen: [String: String] = [:]) {
        self.facts = facts
        self.unseen = unseen
    }
}

/// Two looks at the live stack, held against each other as far as both saw the same things.
package struct LiveStackComparison: Sendable {
    /// By component.
    package var before: [String: LiveLook]
    package var after: [String: LiveLook]

    package init(before: [String: LiveLook], after: [String: LiveLook]) {
        self.before = before
        self.after = after
    }

    /// Digests of what both looks saw, by component; one of which nothing was seen twice has none.
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

    /// What is not shown by the digests, a line each: whoever reads the evidence must know how far it goes.
    package var blindSpots: [String] {
        before.keys.sorted().flatMap { component -> [String] in
            let first = before[component]?.unseen ?? [:]
            let second = after[component]?.unseen ?? [:]
            return Set(first.keys).union(second.keys).sorted().map { fact in
                let sight =
                    switch (first[fact], second[fact]) {
                    case (let why?, nil): "could not be looked at before the drill (\(why))"
                    case (nil, let why?): "could be looked at before the drill and not after it (\(why))"
                    case (let why, _): "could be looked at neither before the drill nor after it (\(why ?? "-"))"
                    }
                return "live \(component): its \(fact) \(sight): no comparison shows that the drill left it alone"
            }
        }
    }
}
