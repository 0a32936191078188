internal import Cryptography

/// A draw that no operator can steer, and that every reader can repeat.
///
/// The seed is the SHA-256 of three lines of text: the SHA-256 of the newest backup set, the SHA-256 of the newest entry of
/// the ledger before the entry in which the drill began, and the scenario. Each line ends with a line feed. A hash that does
/// not exist is `-`.
///
/// A draw for a purpose among n sorted candidates takes the SHA-256 of the text `<seed> <purpose> <counter>`, whose first
/// eight bytes are a number, the first byte the highest. A number from the last, incomplete multiple of n below 2^64 is not
/// used: the counter, which begins with 0, is increased. The number modulo n is the index of the chosen candidate.
package struct Lottery: Codable, Equatable, Sendable {
    /// The newest backup set at the start.
    package var set: String?
    /// The SHA-256 of its document, in hexadecimal.
    package var setDigest: String?
    /// The SHA-256 of the newest entry of the ledger before the drill, in hexadecimal; nil if the ledger was empty.
    package var ledger: String?
    package var scenario: String
    /// In hexadecimal.
    package var seed: String
    package var draws: [Draw] = []
    /// Values that an operator chose instead of a draw, by their purpose.
    package var chosen: [String: String]?

    package struct Draw: Codable, Equatable, Sendable {
        package var purpose: String
        /// The sorted candidates; nil if there are more than 200, or if they are numbers from 0.
        package var candidates: [String]?
        package var count: Int
        package var index: Int
        /// The chosen candidate.
        package var result: String
    }

    package init(set: String?, setDigest: String?, ledger: String?, scenario: String) {
        self.set = set
        self.setDigest = setDigest
        self.ledger = ledger
        self.scenario = scenario
        seed = Self.seed(setDigest: setDigest, ledger: ledger, scenario: scenario)
    }

    package static func seed(setDigest: String?, ledger: String?, scenario: String) -> String {
        let text = [setDigest ?? "-", ledger ?? "-", scenario].map { "\($0)\n" }.joined()
        return Digest(of: Array(text.utf8)).hex
    }

    /// Returns an index below `count`.
    /// - Parameter count: at least 1.
    package static func index(seed: String, purpose: String, below count: Int) -> Int {
        guard count > 1 else { return 0 }
        let count = UInt64(clamping: count)
        let incomplete = (UInt64.max % count + 1) % count
        var counter = 0
        while true {
            let digest = Digest(of: Array("\(seed) \(purpose) \(counter)".utf8))
            let number = digest.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if number <= UInt64.max - incomplete { return Int(clamping: number % count) }
            counter += 1
        }
    }

    /// Draws one of the candidates, and records the draw.
    /// - Returns: nil without candidates.
    package mutating func draw(_ purpose: String, from candidates: [String]) -> String? {
        let sorted = candidates.sorted()
        guard !sorted.isEmpty else { return nil }
        let index = Self.index(seed: seed, purpose: purpose, below: sorted.count)
        draws.append(
            Draw(
                purpose: purpose, candidates: sorted.count <= Self.mostCandidates ? sorted : nil, count: sorted.count,
                index: index, result: sorted[index]))
        return sorted[index]
    }

    /// Draws a number from 0 up to, but not including, `count`, and records the draw.
    package mutating func draw(_ purpose: String, below count: Int) -> Int {
        let index = Self.index(seed: seed, purpose: purpose, below: max(count, 1))
        draws.append(Draw(purpose: purpose, candidates: nil, count: max(count, 1), index: index, result: "\(index)"))
        return index
    }

    /// Draws candidates, without returning them, until one is suitable.
    package mutating func draw<Value>(
        _ purpose: String, from candidates: [String], suitable: (String) throws -> Value?
    ) rethrows -> Value? {
        var rest = candidates
        var attempt = 1
        while let candidate = draw(attempt == 1 ? purpose : "\(purpose) \(attempt)", from: rest) {
            if let value = try suitable(candidate) { return value }
            rest.removeAll { $0 == candidate }
            attempt += 1
        }
        return nil
    }

    private static let mostCandidates = 200

    /// The first contradiction in the record, found by drawing again; nil if there is none.
    package var defect: String? {
        guard seed == Self.seed(setDigest: setDigest, ledger: ledger, scenario: scenario) else {
            return "its seed was not made from the set, the ledger and the scenario that it names"
        }
        for draw in draws {
            guard draw.count > 0, draw.index == Self.index(seed: seed, purpose: draw.purpose, below: draw.count) else {
                return "the draw of '\(draw.purpose)' has another result"
            }
            if draw.candidates == nil, draw.count <= Self.mostCandidates, draw.result != "\(draw.index)" {
                return "the draw of '\(draw.purpose)' does not list its candidates"
            }
            if let candidates = draw.candidates {
                guard candidates.count == draw.count, candidates == candidates.sorted(),
                    candidates.indices.contains(draw.index), candidates[draw.index] == draw.result
                else { return "the draw of '\(draw.purpose)' has another result" }
            }
        }
        return nil
    }
}
