package import BackupRepository
package import Components
import Documents
import FoundationEssentials
import Platform
package import RecoveryPlan
import StackConfiguration

/// The forecasts of the recoveries that were run or drilled on this machine, for `dr status`.
package struct RecoveryForecasts {
    package private(set) var outlooks: [RecoveryOutlook] = []
    /// The reasons why forecasts are missing.
    package private(set) var notes: [String] = []
    /// The kinds of the components, by name.
    package let kinds: [String: any ComponentKind.Type]

    /// - Parameters:
    ///   - names: the names of all sets.
    ///   - now: the time of the recoveries' start.
    package init(_ session: Session, _ repository: Repository, sets names: [Timestamp], now: Timestamp) async throws {
        kinds = session.kindsByComponent
        let times = await session.stepTimes().filter { $0.value.hasTimes }
        guard !times.isEmpty else {
            notes = [
                "no data: no recovery was run, drilled or rehearsed on this machine; run `dr drill --scenario complete_cluster_loss`"
            ]
            return
        }
        // Sizes are not needed without step times.
        let sizes = try await ComponentSizes(repository, names, now: now, pool: session.pool)
        let library: PlanLibrary
        do { library = try session.planLibrary() } catch {
            notes = ["no data: the plans cannot be read: \(error)"]
            return
        }
        for (scenario, times) in times.sorted(by: { $0.key < $1.key }) {
            do {
                let entry = try library.entry(for: scenario)
                let plan = try session.plan(entry, asIn: times)
                outlooks.append(session.outlook(of: plan, times, sizes: sizes, now: now))
            } catch {
                notes.append("\(scenario): no data: its plan cannot be read; run `dr plan validate`")
            }
        }
    }
}

extension Session {
    /// The times of steps on this machine, by scenario.
    /// - Parameter scenario: nil for all scenarios.
    package func stepTimes(of scenario: String? = nil) async -> [String: StepTimes] {
        let (root, stacks) = (stateRoot, journalStacks)
        return await pool.run {
            let folders = ["runs", "rehearsals"].map { "\(root)/\($0)" }
            guard folders.contains(where: FileManager.default.fileExists), var runs = try? RunFolder(state: root) else {
                return [:]
            }
            runs.stacks = stacks
            return runs.stepTimes(of: scenario)
        }
    }

    /// The stack whose journals count; nil on a machine without a configuration, which does not know its stack.
    package var journalStacks: Set<String>? {
        isWithoutConfiguration ? nil : Set([configuration.stack] + configuration.formerStacks)
    }

    /// The sizes of the components. If the repository cannot be read, the error becomes the reason for missing sizes.
    package func componentSizes(now: Timestamp) async -> ComponentSizes {
        do {
            let repository = try await repository()
            let names = try await pool.run { try repository.setNames() }
            return try await ComponentSizes(repository, names, now: now, pool: pool)
        } catch {
            return ComponentSizes(gap: "today's sizes are unknown, because the repository cannot be read: \(error)")
        }
    }

    /// - Parameter cold: what the store must thaw first; nil if that is not known.
    package func outlook(
        of plan: Plan, _ times: StepTimes, sizes: ComponentSizes, cold: ColdComponents? = nil, now: Timestamp
    ) -> RecoveryOutlook {
        let rto = (plan.objectives.rto ?? configuration.objectives.rto).map { $0.duration / .seconds(1) }
        return RecoveryOutlook(
            plan, times, sizes: sizes.histories, gap: sizes.gap, cold: cold, rto: rto, now: Double(now.seconds))
    }

    /// The plan with the parameters of its newest run, which decide the steps of this stack.
    func plan(_ entry: PlanLibrary.Entry, asIn times: StepTimes) throws -> Plan {
        let plan = try entry.text.read(in: planScope(.look))
        let declared = Set(plan.declared.map(\.name))
        let known = (times.parameters ?? [:]).filter { declared.contains($0.key) }
        // Values that the plan does not accept any more are ignored.
        return (try? entry.text.read(in: planScope(.look, overrides: known))) ?? plan
    }
}
