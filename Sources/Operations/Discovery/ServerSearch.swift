package import Components
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

    /// - Returns: for each kind with a server, all that was found and what was not, in the order of the kinds.
    package func run() async throws -> [DiscoveredServer] {
        let units = await pool.run { [machine] in ServiceUnit.all(machine: machine) }
        let candidates = kinds.flatMap { self.candidates(of: $0, units) }
        return try await ServerCandidate.ask(candidates, limit: limit, pool: pool)
    }

    private func candidates(of kind: any ComponentKind.Type, _ units: [ServiceUnit]) -> [ServerCandidate] {
        guard let recognition = kind.recognition else { return [] }
        let usual = ports[kind.name] ?? recognition.port
        var found: [ServerCandidate] = []
        for unit in units where recognition.programs.contains(unit.program) {
            let address = recognition.address(unit.arguments)
            let port = address.port ?? usual
            var candidate = ServerCandidate(
                kind: kind.name, recognition: recognition, url: "http://localhost:\(port)\(address.prefix)",
                origin: "unit \(unit.name)", arguments: unit.arguments)
            if let host = address.host, !Self.isLocal(host) {
                candidate.refusal = "it listens on \(host) only, and dr asks the loopback address only"
            }
            if !found.contains(where: { $0.url == candidate.url }) { found.append(candidate) }
        }
        if !found.contains(where: { $0.refusal == nil && $0.url.hasPrefix("http://localhost:\(usual)") }) {
            found.append(
                ServerCandidate(
                    kind: kind.name, recognition: recognition, url: "http://localhost:\(usual)",
                    origin: "usual port \(usual)"))
        }
        return found
    }

    /// True if a server on this host also answers on the loopback address.
    private static func isLocal(_ host: String) -> Bool {
        ["localhost", "0.0.0.0", "::", "::1", "*"].contains(host) || host.hasPrefix("127.")
    }
}
