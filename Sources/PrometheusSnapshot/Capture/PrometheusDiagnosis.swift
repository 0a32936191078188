internal import Blocking
package import Repository

extension PrometheusSource {
    /// Asks all that a capture needs, short of taking a snapshot.
    package func diagnose() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        do {
            try await pool.run { [directory, operation] in try directory.checkAccess(operation) }
            findings.append(Diagnosis("data directory", .ok, "readable and writable"))
        } catch { findings.append(Diagnosis("data directory", .failed, "\(error)")) }
        do {
            let server = try await askServer()
            findings.append(Diagnosis("server", .ok, "Prometheus \(server.version) at \(api.location), admin API on"))
            try await pool.run { [directory, operation] in
                try directory.checkIsServers(server.path, workingDirectory: server.info.workingDirectory, operation)
                try directory.checkSpace(operation)
            }
            findings.append(Diagnosis("data directory is the server's", .ok, server.path))
        } catch { findings.append(Diagnosis("server", .failed, "\(error)")) }
        return findings
    }
}
