package import HTTP

/// An error that counts as the measurement of a check: a server that refuses, or does not respond.
package protocol MeasuredError: Error {
    /// Short, for the column of measured values: "HTTP 503".
    var measured: String { get }
    /// True if the server did not respond at all, so that other requests to it would fail too.
    var isServerAway: Bool { get }
}

extension CheckFailure: MeasuredError {
    package var isServerAway: Bool { false }
}

extension HTTPError: MeasuredError {
    package var measured: String { "no answer" }
    package var isServerAway: Bool { true }
}

extension APIError: MeasuredError {
    package var measured: String { status.map { "HTTP \($0)" } ?? "no answer" }
    package var isServerAway: Bool { status == nil }
}

extension APIAnswer {
    /// The beginning of the response in one short line for a table.
    package var excerpt: String { CheckedServer.excerpt(of: body) }

    /// A refusal as the result of a check.
    package var failure: CheckFailure {
        CheckFailure("HTTP \(status)", "\(operation): HTTP \(status): \(excerpt)")
    }
}
