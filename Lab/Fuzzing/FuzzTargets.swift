internal import Foundation
internal import Lab
internal import Platform

/// The targets by name, each made when it is first used: some start servers or make backups.
struct FuzzTargets {
    private let folder: String
    private let planted: PlantedFault?
    private let pool = BlockingPool(threads: 8)
    private var made: [String: any FuzzTarget] = [:]
    private var keys: RepositoryKeys?
    private var repositories: RepositoryTarget?

    /// The share of each target in the cases. Together with their costs, half of the time goes to repositories.
    private static let shares: [(name: String, share: Int)] = [
        (JSONTarget.name, 300), (ConfigurationTarget.name, 20), (PlanTarget.name, 10), (CMSTarget.name, 60),
        (GzipTarget.name, 60), (BlockTarget.name, 30), (JournalTarget.name, 60), (RecoveryDocumentsTarget.name, 40),
        (HTTPTarget.name, 20),
        (RepositoryTarget.name, 25), (CommandTarget.name, 4), ("server-prometheus", 2), ("server-grafana", 1),
        ("server-elasticsearch", 1),
        ("server-loki", 2), ("server-alertmanager", 2),
    ]

    private static let servers = [
        "server-prometheus": ServerTargets.prometheus, "server-grafana": ServerTargets.grafana,
        "server-elasticsearch": ServerTargets.elasticsearch, "server-loki": ServerTargets.loki,
        "server-alertmanager": ServerTargets.alertmanager,
    ]

    static var names: [String] { shares.map(\.name) }

    /// - Parameter folder: for files that live as long as the process.
    init(in folder: String, planted: PlantedFault?) {
        self.folder = folder
        self.planted = planted
    }

    /// Chooses the target of a case.
    /// - Parameter wanted: nil for all.
    func choose(_ wanted: [String]?, _ random: inout CorpusRandom) -> String {
        guard planted == nil else { return PlantedTarget.name }
        let shares = Self.shares.filter { wanted?.contains($0.name) ?? ($0.name != CommandTarget.name || hasProgram) }
        var place = random.below(max(1, shares.reduce(0) { $0 + $1.share }))
        for (name, share) in shares {
            place -= share
            if place < 0 { return name }
        }
        return JSONTarget.name
    }

    mutating func target(_ name: String) async throws -> any FuzzTarget {
        if let target = made[name] { return target }
        let target = try await make(name)
        made[name] = target
        return target
    }

    private mutating func make(_ name: String) async throws -> any FuzzTarget {
        if name == PlantedTarget.name, let planted { return PlantedTarget(fault: planted) }
        if let settings = Self.servers[name] {
            return try await ServerTargets.make(settings, in: folder, pool: pool)
        }
        switch name {
        case ConfigurationTarget.name: return ConfigurationTarget()
        case PlanTarget.name: return PlanTarget()
        case CMSTarget.name: return try CMSTarget(try repositoryKeys())
        case GzipTarget.name: return GzipTarget()
        case BlockTarget.name: return try BlockTarget()
        case JournalTarget.name: return try JournalTarget(in: folder)
        case RecoveryDocumentsTarget.name: return try RecoveryDocumentsTarget()
        case HTTPTarget.name: return try HTTPTarget()
        case RepositoryTarget.name: return try await repositoryTarget()
        case CommandTarget.name:
            guard let program = CommandTarget.builtProgram else { throw FuzzFinding("dr is not built beside dr-lab") }
            return CommandTarget(program, try await repositoryTarget(), pool: pool)
        case JSONTarget.name: return JSONTarget()
        default: throw FuzzFinding("unknown target '\(name)'")
        }
    }

    private var hasProgram: Bool { CommandTarget.builtProgram != nil }

    private mutating func repositoryTarget() async throws -> RepositoryTarget {
        if let repositories { return repositories }
        let target = try await RepositoryTarget(in: folder, try repositoryKeys(), pool: pool)
        repositories = target
        return target
    }

    private mutating func repositoryKeys() throws -> RepositoryKeys {
        if let keys { return keys }
        let keys = try RepositoryKeys(copyingTo: folder)
        self.keys = keys
        return keys
    }
}
