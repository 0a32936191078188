import BackupRepository
import HTTP
import Operations
import Platform

/// Words and links that several pages share.
enum PageText {
    /// A colour with a sign and a word: colour alone says nothing to some readers, and nothing in print.
    struct Badge {
        var colour: String
        var sign: String
        var word: String

        init(_ colour: StackOverview.Colour, _ word: String) {
            let sign =
                switch colour {
                case .green: "✓"
                case .amber: "!"
                case .red: "✕"
                }
            self.init(colour: colour.rawValue, sign: sign, word: word)
        }

        private init(colour: String, sign: String, word: String) {
            (self.colour, self.sign, self.word) = (colour, sign, word)
        }

        /// The badge of something that needs no attention.
        static func muted(_ word: String) -> Badge { Badge(colour: "grey", sign: "–", word: word) }
    }

    static func age(_ time: Timestamp?, at now: Timestamp) -> String {
        time.map { Units.duration(seconds: max(0, now.seconds - $0.seconds)) + " ago" } ?? "never"
    }

    /// The age of the last drill that counts; if there is none, the age of one that does not, with the reason.
    static func drilled(
        _ time: Timestamp?, untrusted: Timestamp?, at now: Timestamp, never: String = "never"
    ) -> String {
        if let time { return age(time, at: now) }
        return untrusted.map { "\(age($0, at: now)), not signed" } ?? never
    }

    /// A value for the query of an address.
    static func encoded(_ text: String) -> String { PercentEncoding.encode(text) }

    static func link(set: Timestamp) -> String { "/sets/\(set)" }

    static func link(set: Timestamp, _ component: String, _ page: String = "files", path: [UInt8] = []) -> String {
        let base = "\(link(set: set))/\(encoded(component))/\(page)"
        return path.isEmpty ? base : "\(base)?path=\(encoded(PathText.text(of: path)))"
    }

    /// The bytes of a path in a query.
    static func path(_ text: String?) -> [UInt8] {
        guard let text else { return [] }
        return PathText.bytes(of: text) ?? Array(text.utf8)
    }

    /// True if a request wants only the given names of parameters, each at most once.
    static func check(_ request: WebRequest, allows names: Set<String>) throws {
        var seen: Set<String> = []
        for (name, _) in request.query {
            guard names.contains(name) else { throw PageFailure(400, "unknown parameter '\(name.printable)'") }
            guard seen.insert(name).inserted else { throw PageFailure(400, "parameter '\(name)' is given twice") }
        }
    }
}
