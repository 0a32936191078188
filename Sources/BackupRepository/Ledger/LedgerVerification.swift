package import Cryptography
internal import Platform

/// Follows the chain of a ledger, entry by entry, and collects its defects.
package struct LedgerChain: Sendable {
    /// A defect of a ledger.
    package struct Finding: Codable, Equatable, Sendable {
        package enum Kind: String, Codable, Sendable {
            /// An entry is gone.
            case missing
            /// An entry does not name the object before it: one of the two was exchanged, moved or rewritten.
            case notLinked = "not_linked"
            /// An object is not the entry that it should be, or cannot be read.
            case damaged
            /// It has no signature of a trusted signer.
            case untrusted
            /// It is not an entry, and the chain passes over it: no entry was lost. An operator can remove it.
            case foreign
            /// A set, this host or another document names another entry of this number.
            case otherHead = "other_head"
        }

        package var kind: Kind
        /// The number of the entry; nil for an object without a number.
        package var number: Int?
        package var reason: String

        package init(_ kind: Kind, of number: Int?, _ reason: String) {
            self.kind = kind
            self.number = number
            self.reason = reason
        }
    }

    /// The heads that others name, with who names them.
    private var claims: [Int: [(name: String, sha256: Digest)]] = [:]
    /// The newest entry that counts.
    private var last: LedgerHead?
    /// The objects behind it that do not count.
    private var defective: [(head: LedgerHead, finding: Finding)] = []
    /// At most a thousand.
    package private(set) var findings: [Finding] = []
    package private(set) var entries = 0
    package private(set) var signed = 0
    package private(set) var first: LedgerHead?
    package var newest: LedgerHead? { last }

    /// - Parameter predecessor: the entry before the first one that follows; nil for the whole ledger.
    package init(after predecessor: LedgerHead? = nil) { last = predecessor }

    /// Adds an entry that a document outside of the ledger names.
    package mutating func expect(_ head: LedgerHead, of name: String) {
        guard claims[head.number]?.contains(where: { $0.sha256 == head.sha256 }) != true else { return }
        claims[head.number, default: []].append((name, head.sha256))
    }

    /// Follows the chain to an entry. Call it in the order of the numbers.
    /// - Parameter previous: the SHA-256 in the entry; nil if it names none, or cannot be read.
    package mutating func follow(
        _ head: LedgerHead, previous: Digest?, defect: Finding? = nil, isSigned: Bool = false
    ) {
        for claim in claims.removeValue(forKey: head.number) ?? [] where claim.sha256 != head.sha256 {
            note(
                Finding(
                    .otherHead, of: head.number,
                    "\(claim.name) names an entry \(head.number) with the SHA-256 \(claim.sha256): it was exchanged"))
        }
        entries += 1
        if isSigned { signed += 1 }
        if first == nil { first = head }
        if let defect {
            defective.append((head, defect))
            return
        }
        link(head, to: previous)
        (last, defective) = (head, [])
    }

    /// Compares the link of a sound entry with the objects before it.
    private mutating func link(_ head: LedgerHead, to previous: Digest?) {
        // The part of the chain that the entry vouches for, although it does not count, such as entries of a signer that
        // was revoked later.
        let included =
            defective.lastIndex { $0.finding.kind == .untrusted && $0.head.sha256 == previous }.map { $0 + 1 } ?? 0
        let isLinked = included > 0 || previous == last?.sha256
        for (index, part) in defective.enumerated() {
            // The chain passes over the others: no entry was lost there.
            note(
                isLinked && index >= included
                    ? Finding(.foreign, of: part.head.number, "the chain passes over it: \(part.finding.reason)")
                    : part.finding)
        }
        guard !isLinked else { return }
        let known = Set(defective.map(\.head.number))
        let absent = ((last?.number ?? 0) + 1..<max(head.number, (last?.number ?? 0) + 1)).lazy.filter {
            !known.contains($0)
        }
        guard let lowest = absent.first else {
            return note(
                Finding(
                    .notLinked, of: head.number,
                    "it does not follow entry \(head.number - 1) as it is stored: one of them was exchanged or rewritten"
                ))
        }
        note(missing: lowest...(known.isEmpty ? head.number - 1 : lowest))
    }

    private mutating func note(missing numbers: ClosedRange<Int>) {
        note(
            Finding(
                .missing, of: numbers.lowerBound,
                numbers.count == 1
                    ? "it is gone" : "the entries \(numbers.lowerBound) to \(numbers.upperBound) are gone"))
    }

    package mutating func note(_ finding: Finding) { if findings.count < 1000 { findings.append(finding) } }

    /// Reports the named entries that are not in the chain. Call it after the last entry.
    package mutating func finish() {
        for part in defective { note(part.finding) }
        defective = []
        let end = last?.number ?? 0
        for (number, named) in claims.sorted(by: { $0.key < $1.key }) {
            for claim in named.prefix(1) {
                note(
                    Finding(
                        .missing, of: number,
                        "\(claim.name) names entry \(number), and "
                            + (number > end ? "the ledger ends with entry \(end)" : "it is gone")))
            }
        }
        claims = [:]
    }
}

extension LedgerChain {
    /// Follows the chain to an entry of a repository.
    package mutating func follow(_ stored: RunLedger.Stored) {
        follow(
            stored.head, previous: stored.entry?.previous, defect: Finding(stored), isSigned: stored.signer != nil)
    }
}
