package import BackupRepository
import Documents
import Platform
package import Components
import StackConfiguration

/// Runs checks against the stack of a session, by name.
package struct CheckRun {
    package let session: Session
    /// The repository for checks that compare with a set; nil without one.
    package var repository: Repository?

    package init(session: Session, repository: Repository? = nil) {
        self.session = session
        self.repository = repository
    }

    /// - Parameters:
    ///   - names: the names of checks, as in plans and on the command line.
    ///   - sets: the restored sets, to compare the stack with.
    ///   - components: the restored components; nil for all.
    /// - Returns: one result for each check of each name. A check that cannot run has failed.
    package func run(
        _ names: [String], sets: RestoreSelection? = nil, components: Set<String>? = nil
    ) async -> [CheckResult] {
        var stack = CheckedStack(session)
        stack.restored = components
        if let sets { await hold(&stack, against: sets) }
        let limit = session.configuration.checks.timeout.duration
        return await CheckRunner(pool: session.pool, timeLimit: limit).run(session.checks.checks(names, of: stack))
    }

    /// The components and endpoints that the checks of these names have something to check of, each once.
    package func components(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return session.checks.checks(names, of: CheckedStack(session)).compactMap(\.component)
            .filter { seen.insert($0).inserted }
    }

    /// Runs the checks of some components and endpoints.
    /// - Parameter components: nil for all, and for the checks that belong to none.
    package func run(_ names: [String], of components: Set<String>?) async -> [CheckResult] {
        let limit = session.configuration.checks.timeout.duration
        let checks = session.checks.checks(names, of: CheckedStack(session)).filter { check in
            components.map { chosen in check.component.map(chosen.contains) ?? false } ?? true
        }
        return await CheckRunner(pool: session.pool, timeLimit: limit).run(checks)
    }

    private func hold(_ stack: inout CheckedStack, against sets: RestoreSelection) async {
        guard let newest = sets.newest else { return }
        stack.set = newest.name
        guard let repository else {
            stack.setObstacle = "there is no repository to read set \(newest.name) from"
            return
        }
        do {
            stack = try await session.pool.run { [stack] in
                var held = stack
                held.recorded = try Marks(repository).recorded(with: sets)
                try held.learn(from: sets, in: repository)
                return held
            }
        } catch { stack.setObstacle = "\(error)" }
    }
}

extension CheckedStack {
    /// Reads the facts of the components from the manifests of the sets.
    mutating func learn(from sets: RestoreSelection, in repository: Repository) throws {
        for index in components.indices {
            guard let set = sets.parts[components[index].name]?.set else { continue }
            let manifest = try repository.manifest(components[index].name, of: set)
            components[index].facts = manifest.facts
            components[index].watermark = manifest.watermark
            components[index].captured = manifest.captured.seconds * 1000
        }
    }
}

extension Marks {
    /// The recorded queries of each component, from its set; nil without any.
    fileprivate func recorded(with sets: RestoreSelection) throws -> RecordedMark? {
        var joint: RecordedMark?
        for set in sets.sets.reversed() {
            guard var mark = try recorded(with: set.name) else { continue }
            // For a component without a selected set, the newest set counts.
            func belongs(_ component: String) -> Bool {
                sets.parts[component].map { $0.set.name == set.name } ?? (set.name == sets.newest?.name)
            }
            mark.results.removeAll { !belongs($0.query.component) }
            mark.canaries.removeAll { !belongs($0.component) }
            mark.omissions?.removeAll { !belongs($0.component) }
            guard var all = joint else {
                joint = mark
                continue
            }
            all.results += mark.results
            all.canaries += mark.canaries
            if let omissions = mark.omissions { all.omissions = (all.omissions ?? []) + omissions }
            joint = all
        }
        return joint
    }
}
