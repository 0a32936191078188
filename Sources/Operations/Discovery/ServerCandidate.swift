import Components
import HTTP
import Platform

/// One address at which a server of a kind may answer.
struct ServerCandidate: Sendable {
    var kind: String
    var recognition: Recognition
    var url: String
    var origin: String
    var arguments = StartArguments()
    /// The reason why dr does not ask the address.
    var refusal: String?

    /// Asks all addresses at once.
    /// - Returns: the answers in the order of the candidates.
    static func ask(
        _ candidates: [ServerCandidate], limit: Duration, pool: BlockingPool
    ) async throws -> [DiscoveredServer] {
        try await withThrowingTaskGroup(of: (Int, DiscoveredServer).self) { group in
            for (index, candidate) in candidates.enumerated() {
                group.addTask { (index, try await pool.run { try candidate.ask(limit: limit) }) }
            }
            var found: [(Int, DiscoveredServer)] = []
            for try await answer in group { found.append(answer) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func ask(limit: Duration) throws -> DiscoveredServer {
        try Task.checkCancellation()
        var server = DiscoveredServer(kind: kind, url: url, origin: origin)
        if let refusal {
            server.reasons = [refusal]
            return server
        }
        let contact = Contact(limit: limit)
        let probe = ServerProbe(url: url) { contact.get("\(url)\($0)") }
        if let found = recognition.ask(probe, arguments) {
            server.product = found.product
            server.settings = found.settings
            server.companions = found.companions
            server.verdict = found.missing.isEmpty ? .usable : .incomplete
            server.reasons = found.missing.map { "missing: \($0)" }
        } else if let answer = contact.firstAnswer {
            server.verdict = .other
            server.reasons = ["another program answers there (HTTP status \(answer))"]
        } else {
            server.reasons = [contact.firstError ?? "no answer"]
        }
        try Task.checkCancellation()
        return server
    }
}
