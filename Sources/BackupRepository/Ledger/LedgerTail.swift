internal import Cryptography

/// The entries of a reader that does not read the whole ledger: the newest ones, in any order.
package struct LedgerTail: Sendable {
    private struct Link: Sendable {
        var head: LedgerHead
        var previous: Digest?
        var defect: LedgerChain.Finding?
    }

    private var links: [Link] = []

    package init() {}

    package mutating func add(_ stored: RunLedger.Stored) {
        add(stored.head, previous: stored.entry?.previous, defect: LedgerChain.Finding(stored))
    }

    mutating func add(_ head: LedgerHead, previous: Digest?, defect: LedgerChain.Finding? = nil) {
        links.append(Link(head: head, previous: previous, defect: defect))
    }

    /// The defects of the chain.
    /// - Parameter isWhole: true if the oldest entry that was added must be the first of the ledger. Otherwise the entry
    ///   before it is accepted as the entry names it.
    package func findings(isWhole: Bool) -> [LedgerChain.Finding] {
        let links = links.sorted { $0.head.number < $1.head.number }
        // The oldest entry that counts is accepted with what it names.
        let leading = isWhole ? [] : links.prefix { $0.defect != nil }.compactMap(\.defect)
        let rest = links.dropFirst(leading.count)
        let before = rest.first.flatMap { oldest in
            oldest.previous.map { LedgerHead(number: max(oldest.head.number - 1, 1), sha256: $0) }
        }
        var chain = LedgerChain(after: isWhole ? nil : before)
        for link in rest { chain.follow(link.head, previous: link.previous, defect: link.defect) }
        chain.finish()
        return leading + chain.findings
    }
}

extension LedgerChain.Finding {
    /// True if entries are gone, or were exchanged or moved: an entry that only does not count breaks nothing.
    package var isBreak: Bool { kind == .missing || kind == .notLinked }

    /// `entry 7: it is gone`.
    package var text: String { (number.map { "entry \($0): " } ?? "") + reason }

    /// The defect of an entry; nil if it has none.
    init?(_ stored: RunLedger.Stored) {
        guard let defect = stored.defect else { return nil }
        self.init(defect.reason == .untrusted ? .untrusted : .damaged, of: stored.head.number, defect.detail)
    }
}
