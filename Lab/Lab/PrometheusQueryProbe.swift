/// Queries at fixed times, asked of two servers and compared as data: the proof that a restored server knows what the
/// lost one knew.
package struct PrometheusQueryProbe: Sendable {
    package struct Query: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            case instant
            /// Over this many seconds before the time, in steps of that many.
            case range(seconds: Int, step: Int)
        }

        package var expression: String
        /// Seconds since 1970.
        package var time: Int
        package var kind: Kind

        package var description: String { "\(expression) at \(time)" }
    }

    package var queries: [Query]

    package init(_ queries: [Query]) { self.queries = queries }

    /// Every expression at `times` moments spread evenly over `interval` (seconds since 1970), and each once as a range
    /// over all of it.
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

    /// The answers in the order of ``queries``, as canonical JSON.
    package func answers(of server: PrometheusServer) async throws -> [String] {
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
        /// Queries whose two answers hold no data at all: they prove nothing.
        package var empty: Int
        package var differing: [Query]
    }

    /// - Parameters: both in the order of ``queries``.
    package func compare(_ before: [String], _ after: [String]) -> Comparison {
        precondition(before.count == queries.count && after.count == queries.count)
        let differing = queries.indices.filter { before[$0] != after[$0] }.map { queries[$0] }
        let empty = queries.indices.count { before[$0] == after[$0] && before[$0].contains("\"result\":[]") }
        return Comparison(compared: queries.count, empty: empty, differing: differing)
    }
}
