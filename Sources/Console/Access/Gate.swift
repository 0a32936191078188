import Glibc
import Platform

/// Admits visitors: by token, by certificate, or without either on the loopback interface.
///
/// A browser signs in on a page and gets a session cookie. HTTP's own Basic authentication has no way to sign out, and a
/// browser would send it with requests that other sites cause.
final class Gate: Sendable {
    static let cookie = "dr-session"
    /// Microseconds that a visitor with a wrong token waits.
    private static let pauseAfterGuess: useconds_t = 500_000

    let rules: VisitorRules
    private let sessions = VisitorSessions()
    private let wrongTokens = WrongTokens()

    init(_ rules: VisitorRules) { self.rules = rules }

    /// Returns the response to a visitor that is not admitted; nil for one that is.
    func refusal(of request: WebRequest) -> WebResponse? {
        guard rules.isClosed else { return nil }
        if rules.acceptsCertificates, request.hasCertificate { return nil }
        if let header = request.headers["authorization"] {
            let parts = header.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer", rules.accepts(token: Array(parts[1].utf8)) {
                return nil
            }
            if let seconds = secondsToWait(after: request) {
                return WebResponse(429, text: "too many wrong tokens: wait \(seconds) s\n")
                    .with("Retry-After", "\(seconds)")
            }
            return challenge("the token is wrong")
        }
        if let secret = request.cookie(Self.cookie), sessions.isOpen(secret) { return nil }
        if rules.token != nil, request.method != "POST", request.headers["accept"]?.contains("text/html") == true {
            return .redirect(to: "/sign-in")
        }
        return challenge(rules.token == nil ? "the console needs a certificate" : "the console needs a token")
    }

    private func challenge(_ message: String) -> WebResponse {
        WebResponse(401, text: message + "\n").with("WWW-Authenticate", "Bearer realm=\"dr\"")
    }

    /// Counts a wrong token. Within the limit it waits, which makes guesses slow; above it, it does not, so that a client
    /// cannot hold the threads of all connections.
    /// - Returns: the seconds that the client must wait; nil within the limit.
    private func secondsToWait(after request: WebRequest) -> Int? {
        if let seconds = wrongTokens.add(from: request.network) { return seconds }
        usleep(Self.pauseAfterGuess)
        return nil
    }

    enum SignIn {
        /// The secret of a new session.
        case admitted(String)
        case wrong
        /// Too many wrong tokens from the network of the visitor.
        case limited(seconds: Int)
    }

    /// Begins a session for the right token.
    func signIn(_ token: String, of request: WebRequest) -> SignIn {
        if rules.accepts(token: Array(token.utf8)) { return .admitted(sessions.begin()) }
        return secondsToWait(after: request).map { .limited(seconds: $0) } ?? .wrong
    }

    func signOut(_ request: WebRequest) {
        if let secret = request.cookie(Self.cookie) { sessions.end(secret) }
    }

    /// The value of `Set-Cookie`.
    func cookie(_ secret: String?) -> String {
        let end = secret == nil ? "; Max-Age=0" : ""
        return
            "\(Self.cookie)=\(secret ?? ""); Path=/; HttpOnly; SameSite=Strict\(rules.usesTLS ? "; Secure" : "")\(end)"
    }
}
