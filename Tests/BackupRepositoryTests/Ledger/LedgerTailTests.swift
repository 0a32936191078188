import Cryptography
import Testing

@testable import BackupRepository

struct LedgerTailTests {
    private func digest(_ number: Int) -> Digest { Digest(of: [UInt8]("entry \(number)".utf8)) }

    /// - Parameter rewritten: the entry that is stored with another content.
    private func findings(
        _ numbers: [Int], rewritten: Int? = nil, isWhole: Bool = false
    ) -> [LedgerChain.Finding] {
        var tail = LedgerTail()
        for number in numbers {
            let stored = number == rewritten ? Digest(of: [0]) : digest(number)
            tail.add(
                LedgerHead(number: number, sha256: stored), previous: number > 1 ? digest(number - 1) : nil)
        }
        return tail.findings(isWhole: isWhole)
    }

    @Test(arguments: [[], [1, 2, 3], [7, 8, 9], [9, 8, 7]])
    func `an unbroken chain has no finding in any order`(_ numbers: [Int]) {
        #expect(findings(numbers).isEmpty)
    }

    @Test func `a removed entry is a gap`() throws {
        let found = try #require(findings([6, 7, 9]).first)
        #expect(found.isBreak && found.text == "entry 8: it is gone")
    }

    @Test func `an exchanged entry breaks the link of the next one`() throws {
        let found = try #require(findings([6, 7, 8], rewritten: 7).first)
        #expect(found.isBreak && found.kind == .notLinked && found.number == 8)
        // The oldest one that is read is compared with no other.
        #expect(findings([7], rewritten: 7).isEmpty)
    }

    @Test func `a whole ledger begins with its first entry`() {
        #expect(findings([3, 4]).isEmpty)
        #expect(findings([3, 4], isWhole: true).map(\.text) == ["entry 1: the entries 1 to 2 are gone"])
    }

    @Test func `an oldest entry that cannot be read is no gap`() {
        var tail = LedgerTail()
        tail.add(
            LedgerHead(number: 5, sha256: digest(5)), previous: nil, defect: .init(.damaged, of: 5, "not an entry"))
        let found = tail.findings(isWhole: false)
        #expect(found.map(\.kind) == [.damaged] && found.allSatisfy { !$0.isBreak })
    }
}
