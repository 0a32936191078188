import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
import Glibc
import HTTP
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

/// A drill in an empty environment: dr runs itself as another user, on another host name, with no configuration and an
/// empty home folder. The child gets the address of the store, its credentials, the recovery key and the fingerprints of
/// the signers, and takes everything else from the store.
package struct BareDrill {
    private var drill: Drill
    private let live: Session

    package init(_ drill: Drill) {
        self.drill = drill
        live = drill.live
    }

    private var output: Output { Output(options: live.options) }

    package func run() async throws -> DrillResult {
        let evidence = try DrillEvidence(live, scenario: drill.scenario)
        let repository = try await live.repository(recoveryKey: drill.recoveryKey)
        var bare = self
        let id = RunIdentity.newID(at: live.now())
        var ledger = DrillLedger(drill, run: id)
        await ledger.begin(in: repository)
        (bare.drill.request.id, bare.drill.begun) = (id, ledger.begun)
        do {
            let result = try await bare.carryOut(evidence, in: repository)
            await ledger.end(result, in: repository)
            return result
        } catch {
            await ledger.end(error, in: repository)
            throw error
        }
    }

    private func carryOut(_ evidence: DrillEvidence, in repository: Repository) async throws -> DrillResult {
        var notes = try await live.knownHistory(
            acceptsOlder: drill.request.acceptsOlder, recoveryKey: drill.recoveryKey)
        for note in notes { output.warn(note) }
        let before = await LiveStack(session: live).look()
        let folder = try DrillFolder(
            in: live.configuration.drill.folder ?? "\(live.stateRoot)/drills", run: "\(live.now())-\(getpid())-bare")
        let run: String
        do {
            let home = "\(folder.path)/home"
            try FileManager.default.createDirectory(
                atPath: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let environment = try environment(home: home)
            let launcher = try await BareLauncher.choose(
                program: OwnProgram.path, home: home, files: neededFiles(environment), environment: environment,
                pool: live.pool)
            notes += launcher.deviations
            let arguments = try await arguments(repository, launcher, in: folder)
            run = try await child(launcher, arguments, environment: environment, home: home)
            try adopt(run, from: home)
        } catch {
            folder.remove()
            throw error
        }
        if drill.keeps {
            folder.keep()
            output.note("kept: \(folder.path)")
        } else {
            folder.remove()
        }
        let runs = try RunFolder(state: live.stateRoot)
        let reading = try JournalReading(path: runs.journal(of: run))
        let journal = try Journal(continuing: runs.journal(of: run), reading)
        let looks = LiveStackComparison(before: before, after: await LiveStack(session: live).look())
        for (component, before, after) in looks.digests {
            try journal.append(.liveStack(component: component, isAfter: false, digest: before))
            try journal.append(.liveStack(component: component, isAfter: true, digest: after))
        }
        for note in notes + looks.blindSpots { try journal.append(.noted(text: note)) }
        let sets = reading.record.map { $0.sets.map { Array($0.values) } ?? [$0.identity.set] } ?? []
        let names = Set(sets).compactMap { Timestamp($0) }.sorted()
        let restored = try await live.pool.run { try names.map { try repository.set($0) } }
        return try await evidence.write(run, of: restored, restoredTo: [], in: repository, noting: journal)
    }

    // MARK: What the child gets

    /// The variables of the credential chain and of proxies; all others of this process stay away from the child.
    private static func isOfStore(_ name: String) -> Bool {
        name.hasPrefix("AWS_") || ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].contains(name.uppercased())
            || ["DR_RECOVERY_PASSPHRASE", "SSL_CERT_FILE"].contains(name)
    }

    private func environment(home: String) throws -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var environment = own.filter { Self.isOfStore($0.key) }
        environment["PATH"] = own["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        environment["HOME"] = home
        let store = live.configuration.store
        if let endpoint = store.endpoint { environment["AWS_ENDPOINT_URL"] = endpoint }
        if let region = store.region { environment["AWS_REGION"] = region }
        if let profile = store.profile { environment["AWS_PROFILE"] = profile }
        if let file = store.caFile { environment["AWS_CA_BUNDLE"] = file }
        if let id = store.accessKeyID, let secret = store.secretAccessKey {
            environment["AWS_ACCESS_KEY_ID"] = try id.resolve(environment: own)
            environment["AWS_SECRET_ACCESS_KEY"] = try secret.resolve(environment: own)
        }
        if case .s3 = store.url, let folder = own["HOME"] {
            // The home folder of the child has no profiles.
            for (name, file) in [("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")]
            where environment[name] == nil && FileManager.default.fileExists(atPath: "\(folder)/.aws/\(file)") {
                environment[name] = "\(folder)/.aws/\(file)"
            }
        }
        if let key = drill.recoveryKey, let text = try? String(contentsOfFile: key, encoding: .utf8),
            text.contains("ENCRYPTED")
        {
            // The child has no terminal.
            environment["DR_RECOVERY_PASSPHRASE"] = String(
                decoding: try live.passphrases.ofRecoveryKey(key), as: UTF8.self)
        }
        // The servers that the drill starts have passwords of their own.
        for secret in live.configuration.drill.servers.values.compactMap(\.password) {
            if case .environment(let name) = secret.source { environment[name] = own[name] }
        }
        return environment
    }

    /// The files that the child must read.
    private func neededFiles(_ environment: [String: String]) -> [String] {
        let variables = [
            "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE",
        ]
        var files = variables.compactMap { environment[$0] }.filter { FileManager.default.isReadableFile(atPath: $0) }
        if case .directory(let path) = live.configuration.store.url {
            let sets = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/sets")) ?? []
            files += ["\(path)/repository.json", "\(path)/sets"] + sets.prefix(1).map { "\(path)/sets/\($0)" }
        }
        for secret in live.configuration.drill.servers.values.compactMap(\.password) {
            if case .file(let path) = secret.source { files.append(path) }
        }
        return files
    }

    private func arguments(
        _ repository: Repository, _ launcher: BareLauncher, in folder: DrillFolder
    ) async throws -> [String] {
        var arguments = [
            "drill", "--scenario", drill.scenario, "--store", "\(live.configuration.store.url)", "--stack",
            live.configuration.stack, "--json", "--no-progress",
        ]
        let trust = trust(repository)
        for fingerprint in trust { arguments += ["--trust", fingerprint.hex] }
        if trust.isEmpty { arguments.append("--allow-unsigned-plan") }
        if let key = drill.recoveryKey {
            let copy = "\(folder.path)/recovery.pem"
            guard let bytes = FileManager.default.contents(atPath: key) else {
                throw DrillError("recovery key '\(key)'", "it cannot be read")
            }
            try OutputFile.create([UInt8](bytes), at: copy, mode: 0o600)
            try launcher.give(copy)
            arguments += ["--recovery-key", copy]
        }
        switch drill.at {
        case .latest: break
        case .named(let name): arguments += ["--at", "\(name)"]
        default: arguments += ["--at", "\(try await live.set(drill.at, in: repository).name)"]
        }
        if drill.drawsSet { arguments.append("--random-set") }
        if let id = drill.request.id { arguments += ["--run-id", id] }
        if let begun = drill.begun, let number = begun.number {
            arguments += ["--ledger-begin", "\(number):\(begun.previous ?? "-")"]
        }
        if let history = try history(launcher, in: folder) { arguments += ["--history", history] }
        for component in drill.components { arguments += ["--component", component] }
        for (name, value) in drill.request.parameters.sorted(by: { $0.key < $1.key }) {
            arguments += ["--param", "\(name)=\(value)"]
        }
        if let control = drill.control { arguments += ["--inject", control.rawValue] }
        if let limit = drill.timeLimit { arguments += ["--timeout", "\(max(limit.components.seconds, 1))s"] }
        if drill.keeps { arguments.append("--keep") }
        if drill.request.acceptsOlder { arguments.append("--accept-older") }
        return arguments
    }

    /// Copies the newest journals of the scenario, so that the child can forecast its time and name the changes of the plan.
    /// Nothing else of the child depends on them.
    /// - Returns: the folder; nil if there are none.
    private func history(_ launcher: BareLauncher, in folder: DrillFolder) throws -> String? {
        let state = live.stateRoot
        guard FileManager.default.fileExists(atPath: "\(state)/runs") else { return nil }
        var runs = RunFolder(reading: state)
        runs.stacks = live.journalStacks
        let copies = RunFolder(reading: "\(folder.path)/history")
        let ids = runs.readings(of: drill.scenario).prefix(StepTimes.most).compactMap { $0.record?.identity.id }
        guard !ids.isEmpty else { return nil }
        for path in ["\(folder.path)/history", copies.path] + ids.map({ "\(copies.path)/\($0)" }) {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            try launcher.give(path)
        }
        for id in ids {
            guard let bytes = FileManager.default.contents(atPath: runs.journal(of: id)) else { continue }
            try OutputFile.create([UInt8](bytes), at: copies.journal(of: id), mode: 0o600)
            try launcher.give(copies.journal(of: id))
        }
        return "\(folder.path)/history"
    }

    /// The fingerprints of the signers that the recovery kit would name.
    private func trust(_ repository: Repository) -> [Digest] {
        guard live.trust.isEmpty else { return live.trust }
        let limited = repository.signing.signers
        let revoked = limited.filter { $0.revoked != nil }.map(\.fingerprint)
        let all = repository.signing.trusted.map(\.fingerprint) + limited.map(\.fingerprint)
        return Set(all).subtracting(revoked).sorted { $0.hex < $1.hex }
    }

    // MARK: The child

    private struct Answer: Decodable {
        struct Failure: Decodable { var message: String }
        var run: String?
        var error: Failure?
    }

    /// Runs the child to its end.
    /// - Returns: the id of its run.
    private func child(
        _ launcher: BareLauncher, _ arguments: [String], environment: [String: String], home: String
    ) async throws -> String {
        let program = launcher.program(
            [OwnProgram.path] + arguments, environment: environment, folder: home, timeout: .seconds(86_400))
        output.note("the bare drill, in an empty environment:")
        let isQuiet = live.options.quiet
        let (end, text) = try await live.pool.run {
            var text: [UInt8] = []
            let end = try program.run {
                text += $0
                guard text.count <= Self.mostAnswer else { throw DrillError("bare drill", "its answer is too long") }
            } errors: { piece in
                if !isQuiet { StandardError.write(String(decoding: piece, as: UTF8.self)) }
            }
            return (end, text)
        }
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(text))
        guard let run = answer?.run else {
            throw DrillError(
                "bare drill",
                "dr ended with exit code \(end.status) in an empty environment: "
                    + (answer?.error?.message ?? String(end.errors.suffix(500))).printable)
        }
        // The id becomes the name of a folder.
        guard (1...64).contains(run.utf8.count),
            run.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { throw DrillError("bare drill", "its run has the id '\(run.printable)'") }
        return run
    }

    private static let mostAnswer = 64 << 20

    /// Copies the journal of the child's run to the journals of this machine.
    private func adopt(_ run: String, from home: String) throws {
        let journal = "\(home)/.local/state/dr/runs/\(run)/journal.jsonl"
        guard let bytes = FileManager.default.contents(atPath: journal) else {
            throw DrillError("bare drill", "its journal is missing")
        }
        try OutputFile.create(
            [UInt8](bytes), at: try RunFolder(state: live.stateRoot).make(run), mode: 0o600)
    }
}
