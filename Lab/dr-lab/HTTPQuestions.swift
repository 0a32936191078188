import Documents
import Foundation
import HTTP
import Lab
import Platform

/// Sends HTTP queries to a server, as its users do.
struct HTTPQuestions {
    let url: String
    var headers: [HTTPHeaders.Field] = []

    private static let threads = BlockingPool(threads: 2)

    /// Sends a GET request.
    /// - Returns: the response, which must be a success.
    func get(_ path: String) async throws -> JSONValue {
        let request = HTTPRequest("GET", url + path, headers: headers)
        let (response, body) = try await Self.threads.run { try HTTPClient().send(request) }
        guard response.isSuccess else { throw LabError("GET \(path): status \(response.status)") }
        return try JSONValue(parsing: body)
    }

    /// Returns queries with their results in a canonical form: lists are sorted, and members that each server assigns
    /// itself are removed.
    func answers(_ paths: [String], without volatile: [String] = []) async throws -> [String: String] {
        var answers: [String: String] = [:]
        for path in paths {
            let answer = try await get(path).removingEverywhere(volatile)
            let parts = (answer.array ?? [answer]).map { String(decoding: $0.compact, as: UTF8.self) }
            answers[path] = parts.sorted().joined(separator: "\n")
        }
        return answers
    }
}

extension JSONValue {
    /// Returns the value without members of these names, at any depth.
    fileprivate func removingEverywhere(_ names: [String]) -> JSONValue {
        switch self {
        case .array(let values): .array(values.map { $0.removingEverywhere(names) })
        case .object: .object((removing(names).object ?? [:]).mapValues { $0.removingEverywhere(names) })
        default: self
        }
    }
}
