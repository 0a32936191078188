import Cryptography
import Synchronization

/// The sessions of browsers that signed in. They are in memory only: a new process asks for the token again.
final class VisitorSessions: Sendable {
    /// The longest session, and the number of sessions at once.
    private static let longest = Duration.seconds(12 * 3600)
    private static let most = 256

    /// The end of each session, by the hash of its secret.
    private let ends = Mutex<[Digest: ContinuousClock.Instant]>([:])

    /// Begins a session.
    /// - Returns: its secret, for a cookie.
    func begin() -> String {
        let secret = RandomID.make() + RandomID.make()
        ends.withLock { ends in
            ends = ends.filter { $0.value > .now }
            if ends.count >= Self.most, let oldest = ends.min(by: { $0.value < $1.value }) {
                ends.removeValue(forKey: oldest.key)
            }
            ends[Digest(of: Array(secret.utf8))] = .now + Self.longest
        }
        return secret
    }

    func isOpen(_ secret: String) -> Bool {
        let key = Digest(of: Array(secret.utf8))
        return ends.withLock { $0[key].map { $0 > .now } ?? false }
    }

    func end(_ secret: String) {
        let key = Digest(of: Array(secret.utf8))
        ends.withLock { _ = $0.removeValue(forKey: key) }
    }
}
