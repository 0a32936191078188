package import Cryptography
internal import ObjectStorage
internal import Platform

/// `ledger`: one entry of the ledger over all runs, under `marks/ledger/<number>.json`. Each entry names the SHA-256 of the
/// object before it, so that no entry can be removed, moved or changed unnoticed.
package struct LedgerEntry: Mark {
    package enum Phase: String, Codable, Sendable {
        case begun, ended
        /// The process of the run died; a later run wrote the entry.
        case abandoned
    }

    package enum Activity: String, Codable, CaseIterable, Sendable {
        case backup, verification, drill, recovery, rehearsal, heal
        case imported = "import"
    }

    /// The result of a drill's control run.
    package enum Control: String, Codable, Sendable { case detected, missed }

    package static let kind: String = "ledger"
    package var format: Int = RepositoryFormat.version
    package var kind: String = LedgerEntry.kind
    /// If sets must be signed, readers ignore an entry without a signature.
    package var takesAway: Bool { true }
    /// The place in the chain, from 1; 0 in an entry that is not written yet.
    package var number = 0
    /// The SHA-256 of the entry before as it is stored; nil for the first.
    package var previous: Digest?
    package var at: Timestamp
    package var host: String
    package var tool: String
    package var phase: Phase
    package var activity: Activity
    /// The id of the run.
    package var run: String
    /// The number of the entry in which the run began, if there is one.
    package var begun: Int?
    package var scenario: String?
    package var components: [String]?
    package var set: NamedSet?
    /// A word of the activity: `complete`, `passed`, `inconclusive`, …
    package var verdict: String?
    package var exitCode: Int?
    package var seconds: Double?
    /// The SHA-256 of the plan's file.
    package var plan: Digest?
    /// The SHA-256 of the last line of the journal.
    package var journal: Digest?
    /// The SHA-256 of the report's JSON.
    package var report: Digest?
    package var control: Control?
    /// Of a verification: the share of the packs of which it read every byte, 0 to 1.
    package var share: Double?
    /// The expected time in seconds.
    package var forecast: Double?
    /// At most 200 characters.
    package var reason: String?

    package struct NamedSet: Codable, Equatable, Sendable {
        package var name: Timestamp
        /// The SHA-256 of the set's document as it is stored.
        package var sha256: Digest

        package init(name: Timestamp, sha256: Digest) {
            self.name = name
            self.sha256 = sha256
        }
    }

    package init(
        _ activity: Activity, _ phase: Phase, run: String, at: Timestamp, host: String, tool: String
    ) {
        self.activity = activity
        self.phase = phase
        self.run = run
        self.at = at
        self.host = Self.shortened(host, to: 255)
        self.tool = tool
    }

    /// Cuts a text to a length in characters, and to ``mostBytes``: one character can have any number of bytes.
    package static func shortened(_ text: String, to length: Int = 200) -> String {
        guard text.count > length || text.utf8.count > mostBytes else { return text }
        var short = text.prefix(length - 1)
        while short.utf8.count > mostBytes - 3 { short.removeLast() }
        return short + "…"
    }

    /// The bytes of a text in an entry.
    private static let mostBytes = 1000

    package var defect: String? {
        guard (1...RunLedger.mostNumber).contains(number) else { return "its number is out of range" }
        guard begun.map({ (1..<number).contains($0) }) ?? true else { return "it began after its end" }
        // The first entry can have another number, where objects of others take the first ones.
        guard previous == nil || number > 1 else { return "it names an entry before the first" }
        let texts = [run, host, tool, scenario, verdict, reason].compactMap { $0 } + (components ?? [])
        guard texts.allSatisfy({ $0.utf8.count <= Self.mostBytes }) else { return "a text in it is too long" }
        guard share.map({ (0...1).contains($0) }) ?? true else { return "its share is out of range" }
        let times = [seconds, forecast].compactMap { $0 }
        guard times.allSatisfy({ $0.isFinite && abs($0) < 1e12 }) else { return "a duration in it is out of range" }
        return nil
    }
}

/// An entry by its number and the SHA-256 of its object: it vouches for all entries up to it.
package struct LedgerHead: Codable, Hashable, Sendable, CustomStringConvertible {
    package var number: Int
    package var sha256: Digest

    package init(number: Int, sha256: Digest) {
        self.number = number
        self.sha256 = sha256
    }

    /// `12 <64 digits>`, as in notes and options.
    package var description: String { "\(number) \(sha256.hex)" }

    /// Parses ``description``; nil for any other text.
    package init?(_ text: String) {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == ":" })
        guard words.count == 2, let number = Int(words[0]), (1...RunLedger.mostNumber).contains(number),
            let digest = Digest(hex: String(words[1]))
        else { return nil }
        self.init(number: number, sha256: digest)
    }
}
