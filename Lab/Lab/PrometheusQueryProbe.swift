/// Queries at fixed times whose results from two servers are compared, to verify that a restored server has the data of
/// the lost one.
package struct PrometheusQueryProbe: Sendable {
    package struct Query: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            case instant
            /// A range query over the `seconds` before the time, with `step` seconds between points.
            case range(seconds: Int, step: Int)
        }

        package var expression: String
        /// The time in seconds since 1970.
        package var time: Int
        package var kind: Kind

        package var description: String { "\(expression) at \(time)" }
    }

    package var queries: [Query]

    package init(_ queries: [Query]) { self.queries = queries }

    /// Creates queries of each expression at `times` evenly spread times of `interval` (seconds since 1970), and one
    /// range query of each over the whole interval.
    package init(_ expressions: [String], over interval: ClosedRange<Int>, times: Int = 4) {
        let length = interval.upperBound - interval.lowerBound
        queries = expressions.flatMap { expression in
            (1...max(1, times)).map { number in
                Query(
                    expression: expression, time: interval.lowerBound + length * number / max(1, times),
                    kind: .instant)
            } + [
                Query(
                    expression: expression, time: interval.upperBound,
                    kind: .range(seconds: length, step: max(1, length / 50)))
            ]
        }
    }

    /// Returns the results in the order of ``queries``, as canonical JSON.
    package func answers(of server: PrometheusServer) async throws -> [String] { try await answers(at: server.url) }

    /// Returns the results of the server at a URL, in the order of ``queries``.
    package func answers(at url: String) async throws -> [String] {
        let server = PrometheusQueries(url: url)
        var answers: [String] = []
        for query in queries {
            switch query.kind {
            case .instant:
                answers.append(try await server.query(query.expression, at: Double(query.time)))
            case .range(let seconds, let step):
                answers.append(
                    try await server.queryRange(
                        query.expression, from: Double(query.time - seconds), to: Double(query.time), step: step))
            }
        }
        return answers
    }

    package struct Comparison: Sendable {
        package var compared: Int
        /// The number of queries whose two results are both empty and verify nothing.
        package var empty: Int
        package var differing: [Query]
    }

    /// Compares two lists of results, both in the order of ``queries``.
    package func compare(_ before: [String], _ after: [String]) -> Comparison {
        precondition(before.count == queries.count && after.count == queries.count)
        let differing = queries.indices.filter { before[$0] != after[$0] }.map { queries[$0] }
        let empty = queries.indices.count { before[$0] == after[$0] && before[$0].contains("\"result\":[]") }
        return Comparison(compared: queries.count, empty: empty, differing: differing)
    }
}
