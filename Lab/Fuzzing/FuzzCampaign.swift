internal import Cryptography
internal import Foundation
internal import Lab

/// Runs workers one after the other, stores each input that ends one, and makes it shorter.
package struct FuzzCampaign: Sendable {
    package struct Finding: Equatable, Sendable {
        package var target: String
        /// The number of the case; of a stored case, its place among them.
        package var number: Int
        package var reason: String
        package var file: String
    }

    package struct Report: Sendable {
        package var findings: [Finding] = []
        /// The number of cases of each target.
        package var counts: [String: Int] = [:]
        package var stored = 0
        package var seconds = 0.0
        package var cases: Int { counts.values.reduce(0, +) }
    }

    /// The path of the program that runs ``FuzzWorker`` as `fuzz --worker`.
    package var program: String
    package var seed: UInt64
    package var seconds: Double
    package var targets: [String]?
    package var planted: String?
    /// The folder of stored cases, which run first, and of findings.
    package var corpus: String
    /// The number of findings after which the campaign ends.
    package var most = 20
    /// Receives a line for each finding.
    package var log: @Sendable (String) -> Void = { _ in }

    package init(program: String, seed: UInt64, seconds: Double, corpus: String) {
        self.program = program
        self.seed = seed
        self.seconds = seconds
        self.corpus = corpus
    }

    package func run() async throws -> Report {
        let began = ContinuousClock.now
        var report = Report()
        try await runStored(&report)
        var first = 0
        let deadline = Date(timeIntervalSinceNow: seconds)
        while deadline.timeIntervalSinceNow > 0, report.findings.count < most {
            let folder = try TemporaryFolder("fuzz")
            let left = max(0.1, deadline.timeIntervalSinceNow)
            let run = try await work(in: folder.path, ["--first", "\(first)", "--seconds", "\(left)"], longest: left)
            for (target, count) in Self.counts(run.output) { report.counts[target, default: 0] += count }
            guard run.status != 0 else { continue }
            guard let current = CurrentCase.read(in: folder.path) else { throw FuzzFinding(run.errors) }
            report.counts[current.target, default: 0] += 1
            first = current.number + 1
            report.findings.append(try await keep(current, run))
        }
        report.seconds = (ContinuousClock.now - began) / .seconds(1)
        return report
    }

    private func runStored(_ report: inout Report) async throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: corpus)) ?? []
        let files = names.filter { $0.hasSuffix(StoredCase.suffix) }.sorted().map { "\(corpus)/\($0)" }
        report.stored = files.count
        var rest = files[...]
        while !rest.isEmpty, report.findings.count < most {
            let folder = try TemporaryFolder("fuzz")
            let run = try await work(in: folder.path, rest.flatMap { ["--stored", $0] }, longest: 120)
            guard run.status != 0 else { return }
            guard let current = CurrentCase.read(in: folder.path) else { throw FuzzFinding(run.errors) }
            let file = rest[rest.startIndex + current.number]
            let finding = Finding(
                target: current.target, number: current.number, reason: Self.reason(of: run), file: file)
            log("\(file): \(finding.reason)")
            report.findings.append(finding)
            rest = rest.dropFirst(current.number + 1)
        }
    }

    private func work(in folder: String, _ arguments: [String], longest: Double) async throws -> CommandRun {
        var all = ["fuzz", "--worker", folder, "--seed", "\(seed)"] + arguments
        for target in targets ?? [] { all += ["--target", target] }
        if let planted { all += ["--planted", planted] }
        return try await CommandRun.run(
            program, all, environment: ["SWIFT_BACKTRACE": "enable=no"], killAfter: .seconds(longest + 120))
    }

    private static func counts(_ output: String) -> [(String, Int)] {
        (output.split(separator: "\n").last ?? "").split(separator: " ").compactMap { pair in
            let words = pair.split(separator: "=")
            guard words.count == 2, let count = Int(words[1]) else { return nil }
            return (String(words[0]), count)
        }
    }

    /// Returns the way in which a worker ended, with its last words.
    private static func reason(of run: CommandRun) -> String {
        let lines = run.errors.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let words = (lines.first { $0.contains("Fatal error") } ?? lines.last ?? "").prefix(300)
        let kind =
            switch WorkerEnd(rawValue: run.status) {
            case .finding: "wrong result"
            case .hang: "hang"
            case .memory: "memory"
            case nil: run.status < 32 ? "signal \(run.status)" : "exit status \(run.status)"
            }
        return "\(kind): \(words)"
    }

    // MARK: Findings

    private func keep(
        _ current: (number: Int, target: String, input: [UInt8]), _ run: CommandRun
    ) async throws -> Finding {
        try FileManager.default.createDirectory(atPath: corpus, withIntermediateDirectories: true)
        let input = try await shortened(current.input, of: current.target, ending: run.status)
        let file = "\(corpus)/\(StoredCase.name(current.target, Digest(of: input).hex))"
        try Data(input).write(to: URL(filePath: file))
        let reason = Self.reason(of: run)
        log("\(current.target), case \(current.number) of seed \(seed): \(reason)\n    stored as \(file)")
        return Finding(target: current.target, number: current.number, reason: reason, file: file)
    }

    /// Removes parts of an input as long as a worker ends with the same status: at most 40 tries, and half a minute.
    private func shortened(_ input: [UInt8], of target: String, ending status: Int32) async throws -> [UInt8] {
        let folder = try TemporaryFolder("fuzz")
        let deadline = Date(timeIntervalSinceNow: status == WorkerEnd.hang.rawValue ? 0 : 30)
        var (input, tries, length) = (input, 0, max(1, input.count / 2))
        while length > 0, tries < 40, deadline.timeIntervalSinceNow > 0 {
            var place = 0
            var isShorter = false
            while place < input.count, tries < 40, deadline.timeIntervalSinceNow > 0 {
                let shorter = Array(input[..<place]) + input.dropFirst(place + length)
                let file = "\(folder.path)/\(StoredCase.name(target, "shortened"))"
                try Data(shorter).write(to: URL(filePath: file))
                tries += 1
                if try await work(in: folder.path, ["--stored", file], longest: 60).status == status {
                    input = shorter
                    isShorter = true
                } else {
                    place += length
                }
            }
            if !isShorter || length == 1 { length /= 2 }
        }
        return input
    }
}
