package import BackupRepository
internal import Platform

extension PrometheusSource {
    /// Checks every condition of a capture, without making a snapshot.
    package func diagnose() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        do {
            try await pool.run { [directory, operation] in try directory.checkAccess(operation) }
            findings.append(Diagnosis(of: "data directory", .ok, "readable and writable"))
        } catch { findings.append(Diagnosis(of: "data directory", .failed, "\(error)")) }
        do {
            let server = try await askServer()
            findings.append(
                Diagnosis(of: "server", .ok, "Prometheus \(server.version) at \(api.location), admin API on"))
            try await pool.run { [directory, operation] in
                try directory.checkIsServers(server.path, workingDirectory: server.info.workingDirectory, operation)
                try directory.checkSpace(operation)
            }
            findings.append(Diagnosis(of: "data directory is the server's", .ok, server.path))
            findings += await snapshotObstacles()
        } catch { findings.append(Diagnosis(of: "server", .failed, "\(error)")) }
        return findings
    }

    package func misplacement() async -> String? {
        guard let path = try? await api.flags()["storage.tsdb.path"], let info = try? await api.runtimeInfo() else {
            return nil
        }
        return await pool.run { [directory, operation] in
            do {
                try directory.checkIsServers(path, workingDirectory: info.workingDirectory, operation)
                return nil
            } catch let error as ComponentError { return error.detail } catch { return "\(error)" }
        }
    }

    /// Conditions that would make the server refuse a snapshot, or make the snapshot incomplete.
    private func snapshotObstacles() async -> [Diagnosis] {
        let outOfOrder = await OutOfOrderSamples(directory, api: api, pool: pool)
        return await pool.run { [directory, operation] in
            var findings: [Diagnosis] = []
            do {
                try directory.checkLinks(operation)
            } catch { findings.append(Diagnosis(of: "snapshots folder", .failed, "\(error)")) }
            let bare = directory.blocksWithoutTombstones()
            if !bare.isEmpty {
                findings.append(
                    Diagnosis(
                        of: "tombstones", .failed,
                        "\(bare.count == 1 ? "a block has" : "\(bare.count) blocks have") no 'tombstones' file\nhint: \(directory.tombstonesHint(bare))"
                    ))
            }
            if let warning = outOfOrder.warning {
                findings.append(Diagnosis(of: "out-of-order samples", .warning, warning))
            }
            return findings
        }
    }
}
