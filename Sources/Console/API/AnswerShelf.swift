import Synchronization

/// Answers of the API that are costly to make, for some seconds: two consoles and a script that ask at once cause one
/// reading of the store.
final class AnswerShelf: Sendable {
    private struct Answer {
        var text: String
        var until: ContinuousClock.Instant
    }

    private static let most = 16
    private static let life = Duration.seconds(15)

    private let answers = Mutex<[String: Answer]>([:])
    /// Requests for one answer wait for each other; a slow answer delays few others.
    private let makers = (0..<8).map { _ in Maker() }

    private final class Maker: Sendable {
        let turn = Mutex<Void>(())
    }

    func answer(_ key: String, _ make: () throws -> String) throws -> String {
        if let known = known(key) { return known }
        let maker = makers[Int(UInt(bitPattern: key.hashValue) % UInt(makers.count))]  // checked: below the count
        return try maker.turn.withLock { _ in
            if let known = known(key) { return known }
            let text = try make()
            answers.withLock { answers in
                answers = answers.filter { $0.value.until > .now }
                if answers.count >= Self.most { answers.removeAll() }
                answers[key] = Answer(text: text, until: .now + Self.life)
            }
            return text
        }
    }

    private func known(_ key: String) -> String? {
        answers.withLock { $0[key].flatMap { $0.until > .now ? $0.text : nil } }
    }
}
