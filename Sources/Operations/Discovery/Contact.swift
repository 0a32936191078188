import Components
import HTTP
import Platform
import Synchronization

/// Requests of the search to one address. It does not send credentials, and takes no proxy.
final class Contact: Sendable {
    private struct Seen {
        var status: Int?
        var error: String?
    }

    private let client: HTTPClient
    private let seen = Mutex(Seen())

    /// The longest body to accept: a server's configuration can have some hundred kilobytes.
    private static let largest = 4 << 20

    init(limit: Duration) {
        var options = HTTPOptions()
        options.connectTimeout = limit
        options.stallTimeout = limit
        options.proxy = .none
        options.userAgent = Release.userAgent
        client = HTTPClient(options)
        self.limit = limit
    }

    private let limit: Duration

    /// The HTTP status of the first answer; nil if there was none.
    var firstAnswer: Int? { seen.withLock { $0.status } }
    var firstError: String? { seen.withLock { $0.error } }

    /// - Returns: nil if there is no answer.
    func get(_ url: String) -> ServerProbe.Answer? {
        // A server that did not answer once gets no second request.
        guard firstError == nil else { return nil }
        var request = HTTPRequest("GET", url)
        request.answerTimeout = limit
        request.totalTimeout = limit * 2
        do {
            let (response, body) = try client.send(request, limit: Self.largest)
            seen.withLock { if $0.status == nil { $0.status = response.status } }
            return ServerProbe.Answer(status: response.status, body: body)
        } catch {
            seen.withLock { if $0.error == nil { $0.error = Self.text(error) } }
            return nil
        }
    }

    private static func text(_ error: any Error) -> String {
        (error as? HTTPError).map { $0.reason == .connect ? "no server listens there" : "\($0)" } ?? "\(error)"
    }
}
