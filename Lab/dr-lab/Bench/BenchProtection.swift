import Foundation
import Lab

/// Measures the cost of encryption and of signatures: the same backup with and without them, by turns; and the reading of
/// an encrypted repository against `sha256sum` over the same packs.
struct BenchProtection {
    var tool: DRTool
    var corpus: URL
    var work: URL
    var rounds: Int
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var plainCold = BenchRow(place: "protection", scenario: .cold, tool: "dr, neither")
        var encryptedCold = BenchRow(place: "protection", scenario: .cold, tool: "dr, encrypted and signed")
        var plainUnchanged = BenchRow(place: "protection", scenario: .unchanged, tool: "dr, neither")
        var signedUnchanged = BenchRow(place: "protection", scenario: .unchanged, tool: "dr, signed")
        var verify = BenchRow(place: "protection", scenario: .restore, tool: "dr verify --read-data, encrypted")
        var sums = BenchRow(place: "protection", scenario: .restore, tool: "sha256sum, the same packs")
        /// Of the packs.
        var bytes = 0

        /// The cost of encryption as a share of a cold backup, in percent.
        var encryption: Double { (encryptedCold.wall / max(plainCold.wall, 0.001) - 1) * 100 }
        /// Seconds that signatures add to an hourly run.
        var signatures: Double { signedUnchanged.wall - plainUnchanged.wall }
        /// Time of the verification as a multiple of `sha256sum`'s.
        var reading: Double { verify.wall / max(sums.wall, 0.001) }
        /// The least and the greatest ratio of one round's cold backups.
        var spread: [Double] {
            let ratios = zip(encryptedCold.runs, plainCold.runs).map { $0.wall / max($1.wall, 0.001) }.sorted()
            return [ratios.first ?? 0, ratios.last ?? 0]
        }
    }

    /// A protection, as keys under `store:`.
    private enum Protection: String, CaseIterable {
        case none, signed, all

        func options(_ keys: URL) -> String {
            let signing = ", signing: {certificate: \"\(keys.path)/signing.crt\", key: \"\(keys.path)/signing.pem\"}"
            return switch self {
            case .none: ""
            case .signed: signing
            case .all: ", recipients: [\"\(keys.path)/recovery.crt\"]" + signing
            }
        }
    }

    func run() async throws -> Result {
        let keys = work.appending(path: "keys")
        try FileManager.default.createDirectory(at: keys, withIntermediateDirectories: true)
        for name in ["recovery", "signing"] {
            let made = try await CommandRun.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-subj", "/CN=\(name)", "-days", "2", "-keyout",
                    "\(name).pem", "-out", "\(name).crt",
                ], in: keys)
            guard made.status == 0 else { throw LabError("openssl: \(made.errors)") }
        }
        var result = Result()
        for round in 0..<rounds {
            let order: [Protection] = round.isMultiple(of: 2) ? [.none, .all] : [.all, .none]
            for protection in order {
                let folder = try await prepare(protection, round, keys)
                let cold = try await measure(backup(in: folder))
                let unchanged = try await measure(backup(in: folder))
                switch protection {
                case .none:
                    result.plainCold.runs.append(cold)
                    result.plainUnchanged.runs.append(unchanged)
                default: result.encryptedCold.runs.append(cold)
                }
                if protection == .all {
                    try await read(folder, keys, into: &result)
                }
                try FileManager.default.removeItem(at: folder)
            }
            let folder = try await prepare(.signed, round, keys)
            _ = try await measure(backup(in: folder))
            result.signedUnchanged.runs.append(try await measure(backup(in: folder)))
            try FileManager.default.removeItem(at: folder)
        }
        say(
            "encryption and signatures: \(BenchText.fixed(result.encryption, 1)) % of a cold backup; reading: "
                + "\(BenchText.fixed(result.reading, 2)) of sha256sum")
        return result
    }

    private func read(_ folder: URL, _ keys: URL, into result: inout Result) async throws {
        let packs = folder.appending(path: "repository/bench/packs").path
        let sums = BenchCommand(arguments: ["/bin/bash", "-c", "sha256sum \(packs)/*.p7m > /dev/null"])
        let verify = command(
            ["verify", "--read-data", "--recovery-key", "\(keys.path)/recovery.pem", "--json"], in: folder)
        // Both read from memory: the first reading is not measured.
        _ = try await measure(sums)
        result.sums.runs.append(try await measure(sums))
        result.verify.runs.append(try await measure(verify))
        result.bytes = try BenchSize.ofFiles(in: URL(filePath: packs))
    }

    private func prepare(_ protection: Protection, _ round: Int, _ keys: URL) async throws -> URL {
        let folder = work.appending(path: "\(protection.rawValue)-\(round)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = """
            stack: bench
            store: {url: "file://\(folder.path)/repository"\(protection.options(keys))}
            components: {bench: {kind: files, data: "\(corpus.path)"}}
            state: "\(folder.path)/state"
            """
        try text.write(to: folder.appending(path: "dr.yaml"), atomically: true, encoding: .utf8)
        _ = try await measure(command(["init"], in: folder))
        return folder
    }

    private func backup(in folder: URL) -> BenchCommand { command(["backup", "--json"], in: folder) }

    private func command(_ arguments: [String], in folder: URL) -> BenchCommand {
        BenchCommand(arguments: [tool.program, "--config", folder.appending(path: "dr.yaml").path] + arguments)
    }

    private func measure(_ command: BenchCommand) async throws -> BenchRow.Run {
        sync()
        let process = try await MeasuredProcess.run(
            command.arguments, log: work.appending(path: "command.log").path, folder: command.folder,
            environment: command.environment)
        try process.requireSuccess()
        return .init(process)
    }
}
