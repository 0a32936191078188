import Blocking
import Configuration
import RecoveryChecks
import Repository
import StrictYAML

/// Runs checks against the stack of a session, by name.
struct CheckRun {
    let session: Session
    /// Nil where none is at hand: checks that compare with a set then have nothing to compare with.
    var repository: Repository?

    /// - Parameters:
    ///   - names: as in plans and on the command line.
    ///   - set: what was restored, to hold the stack against.
    ///   - components: those that came out of the set; nil for all.
    /// - Returns: one result for each check that a name makes. A check that cannot be made has failed.
    func run(_ names: [String], set: BackupSet? = nil, components: Set<String>? = nil) async -> [CheckResult] {
        var stack = CheckedStack(session)
        stack.restored = components
        if let set { await hold(&stack, against: set) }
        let limit = session.configuration.checks.timeout.duration
        return await CheckRunner(pool: session.pool, timeLimit: limit).run(CheckRegistry(stack).checks(names))
    }

    private func hold(_ stack: inout CheckedStack, against set: BackupSet) async {
        stack.set = set.name
        guard let repository else {
            stack.setObstacle = "there is no repository to read set \(set.name) from"
            return
        }
        do {
            stack = try await session.pool.run { [stack] in
                var held = stack
                held.recorded = try Marks(repository).recorded(with: set.name)
                try held.learn(from: set, in: repository)
                return held
            }
        } catch { stack.setObstacle = "\(error)" }
    }
}

extension CheckedStack {
    /// Takes over what a set's manifests say of its components.
    mutating func learn(from set: BackupSet, in repository: Repository) throws {
        for index in components.indices where set.components[components[index].name] != nil {
            let manifest = try repository.manifest(components[index].name, of: set)
            components[index].facts = manifest.facts
            components[index].watermark = manifest.watermark
        }
    }
}
