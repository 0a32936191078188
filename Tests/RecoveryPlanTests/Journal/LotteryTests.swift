import Testing

@testable import RecoveryPlan

/// The expected values were computed by another program from the description in `docs/ledger.md`.
@Suite struct LotteryTests {
    private let set = "6ee0eb490ff832101cf82a3d387c35f29e4230be786978f7acf9e811febf6723"
    private let entry = "923fe53966c6cd9343e11af776cd4b05be315ea4b200b02e4d5dfb0f929b73bf"
    private let seed = "feb5db2b385fa9b9d987015892ca91144940381a14811615fa0576de2c5fefa4"

    private var lottery: Lottery {
        Lottery(set: "20261123T020000Z", setDigest: set, ledger: entry, scenario: "complete_cluster_loss")
    }

    @Test func `the seed is the published one`() {
        #expect(lottery.seed == seed)
        #expect(
            Lottery.seed(setDigest: nil, ledger: nil, scenario: "x")
                == "15bab753eafc3c6578bf83074a64c67fec2148fbd11a50c274535638f4d7336d")
    }

    @Test(arguments: [
        ("set", 3, 1), ("set", 1000, 331), ("fault", 5, 2), ("fault 2", 4, 3), ("flipped_byte byte", 65_536, 10_893),
        ("set", 1, 0),
        // Its first number is in the incomplete multiple, so the second one counts.
        ("p2", (1 << 62) + 1, 1_240_244_257_818_422_832),
    ])
    func `draws are the published ones`(_ purpose: String, _ count: Int, _ index: Int) {
        #expect(Lottery.index(seed: seed, purpose: purpose, below: count) == index)
    }

    @Test func `candidates are drawn from their sorted list`() {
        var one = lottery, other = lottery
        #expect(one.draw("set", from: ["c", "a", "b"]) == "b")
        #expect(other.draw("set", from: ["a", "b", "c"]) == "b")
        #expect(one == other)
        #expect(one.draws.first?.candidates == ["a", "b", "c"])
        #expect(one.defect == nil)
        #expect(one.draw("set", from: []) == nil)
    }

    @Test func `unsuitable candidates are drawn and recorded, and others are drawn after them`() {
        var lottery = lottery
        let value = lottery.draw("fault", from: ["a", "b", "c"]) { $0 == "a" ? 1 : nil }
        #expect(value == 1)
        #expect(lottery.draws.map(\.purpose).first == "fault")
        #expect(lottery.draws.last?.result == "a")
        #expect(lottery.draws.dropFirst().allSatisfy { $0.count < 3 })
        #expect(lottery.defect == nil)
        var none = self.lottery
        #expect(none.draw("fault", from: ["a", "b"]) { _ in Int?.none } == nil)
        #expect(none.draws.count == 2)
    }

    @Test func `many candidates are counted and not listed`() {
        var lottery = lottery
        _ = lottery.draw("set", from: (0..<500).map { "\($0)" })
        #expect(lottery.draws.first?.candidates == nil)
        #expect(lottery.draws.first?.count == 500)
        #expect(lottery.defect == nil)
    }

    @Test func `a chosen seed is found`() {
        var lottery = lottery
        lottery.seed = String(repeating: "0", count: 64)
        _ = lottery.draw("set", from: ["a", "b", "c"])
        #expect(lottery.defect?.contains("seed") == true)
    }

    @Test func `a seed from another entry of the ledger is found`() {
        var lottery = lottery
        lottery.ledger = set
        #expect(lottery.defect?.contains("seed") == true)
    }

    @Test func `an altered draw is found`() {
        var lottery = lottery
        _ = lottery.draw("set", from: ["a", "b", "c"])
        var altered = lottery
        altered.draws[0].result = "a"
        #expect(altered.defect?.contains("'set'") == true)
        altered.draws[0].index = 0
        #expect(altered.defect?.contains("'set'") == true)
        altered = lottery
        altered.draws[0].candidates = ["a", "b"]
        #expect(altered.defect?.contains("'set'") == true)
        altered.draws[0].count = 0
        #expect(altered.defect?.contains("'set'") == true)
    }
}
