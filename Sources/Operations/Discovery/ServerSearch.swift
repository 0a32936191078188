package import Components
import HTTP
package import Platform

/// Searches this machine for servers of the supported kinds: at their usual ports, and by the units of systemd. It asks
/// the loopback address only, with requests that change nothing.
package struct ServerSearch: Sendable {
    private let kinds: [any ComponentKind.Type]
    private let pool: BlockingPool
    /// The root folder of the machine, for tests; empty for this one.
    package var machine = ""
    /// The usual ports of kinds, for tests; else those of the kinds.
    package var ports: [String: Int] = [:]
    /// The longest wait for the beginning and for the end of an answer.
    package var limit = Duration.seconds(3)

    package init(kinds: [any ComponentKind.Type], pool: BlockingPool) {
        self.kinds = kinds
        self.pool = pool
    }

    /// One address at which a server of a kind may answer.
    private struct Candidate {
        var kind: String
        var recognition: Recognition
        var url: String
        var origin: String
        var arguments: StartArguments
        /// The reason why dr does not ask the address.
        var refusal: String?
    }

    /// - Returns: for each kind with a server, all that was found and what was not, in the order of the kinds.
    package func run() async throws -> [DiscoveredServer] {
        let units = await pool.run { [machine] in ServiceUnit.all(machine: machine) }
        let candidates = kinds.flatMap { self.candidates(of: $0, units) }
        // One after the other is fast enough for a closed port, and each other one has a limit.
        return try await withThrowingTaskGroup(of: (Int, DiscoveredServer).self) { group in
            for (index, candidate) in candidates.enumerated() {
                group.addTask { [pool, limit] in
                    (index, try await pool.run { try Self.ask(candidate, limit: limit) })
                }
            }
            var found: [(Int, DiscoveredServer)] = []
            for try await answer in group { found.append(answer) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func candidates(of kind: any ComponentKind.Type, _ units: [ServiceUnit]) -> [Candidate] {
        guard let recognition = kind.recognition else { return [] }
        let usual = ports[kind.name] ?? recognition.port
        var found: [Candidate] = []
        for unit in units where recognition.programs.contains(unit.program) {
            let address = recognition.address(unit.arguments)
            let port = address.port ?? usual
            var candidate = Candidate(
                kind: kind.name, recognition: recognition, url: "http://localhost:\(port)\(address.prefix)",
                origin: "unit \(unit.name)", arguments: unit.arguments)
            if let host = address.host, !Self.isLocal(host) {
                candidate.refusal = "it listens on \(host) only, and dr asks the loopback address only"
            }
            if !found.contains(where: { $0.url == candidate.url }) { found.append(candidate) }
        }
        if !found.contains(where: { $0.refusal == nil && $0.url.hasPrefix("http://localhost:\(usual)") }) {
            found.append(
                Candidate(
                    kind: kind.name, recognition: recognition, url: "http://localhost:\(usual)",
                    origin: "usual port \(usual)", arguments: StartArguments()))
        }
        return found
    }

    /// True if a server on this host also answers on the loopback address.
    private static func isLocal(_ host: String) -> Bool {
        ["localhost", "0.0.0.0", "::", "::1", "*"].contains(host) || host.hasPrefix("127.")
    }

    private static func ask(_ candidate: Candidate, limit: Duration) throws -> DiscoveredServer {
        try Task.checkCancellation()
        var server = DiscoveredServer(kind: candidate.kind, url: candidate.url, origin: candidate.origin)
        if let refusal = candidate.refusal {
            server.reasons = [refusal]
            return server
        }
        let contact = Contact(limit: limit)
        let probe = ServerProbe(url: candidate.url) { contact.get("\(candidate.url)\($0)") }
        if let found = candidate.recognition.ask(probe, candidate.arguments) {
            server.product = found.product
            server.settings = found.settings
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
