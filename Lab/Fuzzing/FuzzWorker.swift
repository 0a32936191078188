internal import Foundation
internal import Lab
internal import Synchronization

/// Runs cases in this process, which may die of any of them. ``FuzzCampaign`` starts it, and looks at its end.
package struct FuzzWorker: Sendable {
    /// The folder for the file of the current case, and for what the cases write.
    package var folder: String
    package var seed: UInt64
    /// The number of the first case.
    package var first: Int
    package var seconds: Double
    /// The names of the targets; nil for all.
    package var targets: [String]?
    package var planted: String?
    /// Files of stored cases to run instead of new ones.
    package var stored: [String]
    package var limits = FuzzLimits()

    package init(
        folder: String, seed: UInt64, first: Int, seconds: Double, targets: [String]? = nil, planted: String? = nil,
        stored: [String] = []
    ) {
        self.folder = folder
        self.seed = seed
        self.first = first
        self.seconds = seconds
        self.targets = targets
        self.planted = planted
        self.stored = stored
    }

    /// Runs cases until the time is over, or all stored ones.
    /// - Returns: the exit status of the process.
    package func run() async throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        var space = rlimit(rlim_cur: 16 << 30, rlim_max: 16 << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &space)
        var all = FuzzTargets(in: folder, planted: planted.flatMap(PlantedFault.init(rawValue:)))
        let watch = CaseWatch(limits)
        let current = try CurrentCase(in: folder)
        var counts: [String: Int] = [:]
        let deadline = Date(timeIntervalSinceNow: seconds)
        var report = Date(timeIntervalSinceNow: 1)
        var number = first
        while stored.isEmpty ? Date() < deadline : number < stored.count {
            let (name, input) = try await next(number, &all)
            try current.store(number, name, input)
            let place = try FuzzPlace(emptying: folder)
            let target = try await all.target(name)
            watch.begin()
            do { try await target.run(input, in: place) } catch let finding as FuzzFinding {
                FileHandle.standardError.write(Data("\(finding)\n".utf8))
                return WorkerEnd.finding.rawValue
            }
            watch.end()
            counts[name, default: 0] += 1
            number += 1
            if Date() > report {
                Self.report(counts)
                report = Date(timeIntervalSinceNow: 1)
            }
        }
        Self.report(counts)
        return 0
    }

    private func next(_ number: Int, _ all: inout FuzzTargets) async throws -> (name: String, input: [UInt8]) {
        guard stored.isEmpty else {
            let file = URL(filePath: stored[number])
            return (StoredCase.target(of: file.lastPathComponent), [UInt8](try Data(contentsOf: file)))
        }
        var random = CorpusRandom(seed: seed, part: "case \(number)")
        let name = all.choose(targets, &random)
        return (name, try await all.target(name).input(&random))
    }

    private static func report(_ counts: [String: Int]) {
        let text = counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}

/// The names of stored cases: the target, and a part of the hash of the input.
enum StoredCase {
    static let suffix = ".case"

    static func name(_ target: String, _ digest: String) -> String { "\(target)-\(digest.prefix(8))\(suffix)" }

    static func target(of name: String) -> String {
        name.split(separator: "-").dropLast().joined(separator: "-")
    }
}

/// The file with the number, the target and the input of the case that is being run.
struct CurrentCase {
    private let file: FileHandle

    init(in folder: String) throws {
        let path = Self.path(in: folder)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        file = try FileHandle(forWritingTo: URL(filePath: path))
    }

    func store(_ number: Int, _ target: String, _ input: [UInt8]) throws {
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data("\(number) \(target) \(input.count)\n".utf8 + input))
    }

    static func read(in folder: String) -> (number: Int, target: String, input: [UInt8])? {
        guard let data = FileManager.default.contents(atPath: path(in: folder)) else { return nil }
        let head = data.prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: head, as: UTF8.self).split(separator: " ")
        guard words.count == 3, let number = Int(words[0]), let count = Int(words[2]) else { return nil }
        return (number, String(words[1]), [UInt8](data.dropFirst(head.count + 1).prefix(count)))
    }

    private static func path(in folder: String) -> String { "\(folder)/current" }
}
