internal import Documents
internal import HTTP
internal import Platform

/// The target's API for an import: a read waits for a server that is unreachable for a while. A write is tried once,
/// because after a failure the next read decides what to write.
struct ImportServer: Sendable {
    let api: GrafanaAPI

    init(_ api: GrafanaAPI) { self.api = api }

    typealias Query = [(name: String, value: String)]

    /// The API's answer; nil for 404.
    /// - Throws: ``ServerGone`` when there is no answer after all tries, ``GrafanaAPIError`` for a refusal.
    func read(
        _ segments: [String], query: Query = [], organization: Int? = nil, isAppPlatform: Bool = false
    ) async throws -> JSONValue? {
        let answer: GrafanaAnswer
        do {
            var request = GrafanaRequest("GET", segments, query: query, organization: organization)
            request.isAppPlatform = isAppPlatform
            answer = try await api.call(request)
        } catch let error as GrafanaAPIError where error.reason == .unreachable { throw ServerGone(error: error) }
        if answer.status == 404 { return nil }
        guard answer.isSuccess else {
            let error = GrafanaAPIError(answer)
            if error.reason == .unauthorized { throw CredentialsRefused(error: error) }
            if error.reason == .failing, try await !isHealthy() { throw ServerGone(error: error) }
            throw error
        }
        return try answer.json()
    }

    /// All elements of a list in pages; empty for 404.
    func list(
        _ segments: [String], query: Query = [], _ shape: GrafanaAPI.ListShape, organization: Int? = nil
    ) async throws -> [JSONValue] {
        do {
            return try await api.pool.run {
                try api.list(segments, query: query, organization: organization, shape) {
                    String(decoding: $0.compact, as: UTF8.self)
                }
            }
        } catch let error as GrafanaAPIError {
            switch error.reason {
            case .notFound: return []
            case .unreachable: throw ServerGone(error: error)
            case .unauthorized: throw CredentialsRefused(error: error)
            default: throw error
            }
        }
    }

    /// The body of a success, null when it is empty.
    /// - Throws: ``GrafanaAPIError``; reason `.unreachable` when no answer came, so that the effect of the write is not
    ///   known.
    @discardableResult
    func write(
        _ method: String, _ segments: [String], body: JSONValue? = nil, organization: Int? = nil,
        headers: [(name: String, value: String)] = [], isAppPlatform: Bool = false
    ) async throws -> JSONValue {
        var request = GrafanaRequest(method, segments, organization: organization, body: body, isIdempotent: false)
        request.headers = headers
        request.isAppPlatform = isAppPlatform
        let answer = try await api.call(request)
        guard answer.isSuccess else {
            let error = GrafanaAPIError(answer)
            if error.reason == .unauthorized { throw CredentialsRefused(error: error) }
            throw error
        }
        return answer.body.isEmpty ? .null : try answer.json()
    }

    private func isHealthy() async throws -> Bool {
        do {
            return try await api.call(GrafanaRequest("GET", ["health"])).isSuccess
        } catch is GrafanaAPIError { return false }
    }
}

/// The server stays unreachable: the import stops.
struct ServerGone: Error {
    var error: GrafanaAPIError
}

/// 401 for credentials that were accepted before.
struct CredentialsRefused: Error {
    var error: GrafanaAPIError
}
