internal import FoundationEssentials

/// The state of a run as displays show it: a value that is computed from the events of its journal, and that another
/// machine reads from the store.
///
/// Everything in it is bounded, see ``bounded()``.
package struct WatchedRun: Codable, Equatable, Sendable {
    /// A line of the log.
    package struct LogLine: Codable, Equatable, Sendable {
        /// Seconds since the start of the run.
        package var seconds: Double
        package var text: String
        /// True if an operator should read it: a failure, an alarm or a remark.
        package var isUrgent: Bool

        package init(seconds: Double, text: String, isUrgent: Bool) {
            self.seconds = seconds
            self.text = text
            self.isUrgent = isUrgent
        }
    }

    /// The remaining time at one moment of the run.
    package struct BurnPoint: Codable, Equatable, Sendable {
        /// Seconds since the start of the run.
        package var seconds: Double
        /// The forecast of the remaining seconds.
        package var remaining: Double

        package init(seconds: Double, remaining: Double) {
            self.seconds = seconds
            self.remaining = remaining
        }
    }

    package var id: String
    package var stack: String
    package var scenario: String
    /// The backup sets as text, see ``RunRecord/setsText``.
    package var sets: String
    package var isDrill: Bool
    package var person: String
    package var host: String
    package var process: Int
    package var boot: String
    package var tool: String
    /// T3, in seconds since 1970.
    package var startedAt: Double
    /// The time of ``elapsed``, in seconds since 1970 on the clock of the run's machine.
    package var heardAt: Double
    /// Seconds since the start of the run.
    package var elapsed = 0.0
    /// Seconds.
    package var rto: Double?
    /// Seconds of the RTO that had passed when the run started.
    package var rtoLead = 0.0
    package var steps: [WatchedStep]
    /// The number of steps that are not in ``steps``, because there are too many.
    package var moreSteps = 0
    /// True if the journal records which steps each step needs.
    package var hasGraph: Bool
    /// The forecast of the checks after the last step, in seconds.
    package var checksExpected: Double?
    package var milestones: [Milestone] = []
    package var checksPassed = 0, checksFailed = 0
    /// The names of the failed checks.
    package var failedChecks: [String] = []
    package var end: RunEnd?
    package var log: [LogLine] = []
    package var burnDown: [BurnPoint] = []
    package var transfers: [WatchedTransfer] = []
    /// Defects of the journal, such as an unreadable line.
    package var defects: [String] = []
    /// True if texts that may contain names of the stack are not in this copy.
    package var withholdsTexts = false
    /// True if it is the negative control of a drill, which must fail. Absent in copies of older versions.
    package var isControl: Bool?
    /// The verdict of the drill's evidence, which is made after the run has ended; nil before.
    package var verdict: String?

    // MARK: Bounds

    package static let mostSteps = 400
    package static let mostNeeds = 40
    package static let mostLines = 120
    package static let mostPoints = 240
    package static let mostTransfers = 40
    package static let longestText = 600
    package static let longestName = 120

    package init(_ record: RunRecord) {
        id = record.identity.id
        stack = record.identity.stack
        scenario = record.identity.scenario
        sets = record.setsText
        isDrill = record.isDrill
        person = record.holder.person
        host = record.holder.host
        process = record.holder.process
        boot = record.holder.boot
        tool = record.tool
        startedAt = record.startedAt.timeIntervalSince1970
        heardAt = startedAt
        rto = record.rto
        rtoLead = RecoveryClocks(record).since(record.rtoFrom, 0)
        hasGraph = record.needs != nil
        steps = record.steps.prefix(Self.mostSteps).map { id in
            var step = WatchedStep(id, needs: record.needs?[id] ?? [])
            let forecast = record.forecast?.steps[id]
            step.expected = forecast?.expected
            step.expectedIsLeast = forecast.map(\.isLowerBound)
            return step
        }
        moreSteps = record.steps.count - steps.count
        checksExpected = record.forecast?.checks?.expected
        self = bounded()
    }

    // MARK: Time

    /// Returns the run as it is some seconds later, if nothing has happened since.
    package func advanced(by seconds: Double) -> WatchedRun {
        guard end == nil, seconds.isFinite, seconds > 0 else { return self }
        var run = self
        run.elapsed += seconds
        return run
    }

    /// The seconds left of the RTO, below zero if it is exceeded; nil if there is no RTO.
    package var rtoLeft: Double? { rto.map { $0 - rtoLead - elapsed } }

    /// The expected remaining seconds along the critical path, as far as earlier runs show; nil if the run has ended or
    /// nothing is known.
    package var remaining: Double? {
        guard end == nil, steps.contains(where: { $0.expected != nil }) || checksExpected != nil else { return nil }
        return path.length + (checksExpected ?? 0)
    }

    /// The seconds of the RTO that the forecast does not need, below zero if they do not suffice.
    package var spare: Double? {
        guard let rtoLeft, let remaining else { return nil }
        return rtoLeft - remaining
    }

    /// Open steps without an expected duration, or with a lower bound of it: the forecast counts them as too short.
    package var unknown: Int { steps.count { !$0.state.isSettled && $0.isUntimed } }

    package func count(_ state: WatchedStep.State) -> Int { steps.count { $0.state == state } }

    // MARK: Graph

    /// The steps in waves, as indices: the steps of a wave need only steps of earlier waves. Steps in a cycle, which only a
    /// hostile document has, form the last wave.
    package var waves: [[Int]] {
        let graph = Graph(steps)
        return graph.waves
    }

    /// The ids of the open steps that determine the end of the run; empty if no earlier run shows how long they take.
    package var criticalPath: [String] { remaining == nil ? [] : path.steps.map { steps[$0].id } }

    private var path: (length: Double, steps: [Int]) {
        Graph(steps).longestPath { index in
            steps[index].state.isSettled ? nil : steps[index].left(at: elapsed)
        }
    }

    /// The ids of the steps that are not over.
    package var openSteps: Set<String> { Set(steps.lazy.filter { !$0.state.isSettled }.map(\.id)) }

    /// Returns the steps that a waiting step waits for. For many steps, see ``WatchedStep/waits(among:)``.
    package func waits(of step: WatchedStep) -> [String] { step.waits(among: openSteps) }
}

/// The dependencies between the steps, as indices. Unknown names are ignored.
private struct Graph {
    private let needs: [[Int]]
    let waves: [[Int]]

    init(_ steps: [WatchedStep]) {
        let index = Dictionary(steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
        let needs = steps.map { step in Array(Set(step.needs.compactMap { index[$0] })).sorted() }
        self.needs = needs
        var missing = needs.map(\.count)
        var dependents = [[Int]](repeating: [], count: steps.count)
        for (step, needed) in needs.enumerated() { for need in needed { dependents[need].append(step) } }
        var waves: [[Int]] = []
        var wave = steps.indices.filter { missing[$0] == 0 }
        while !wave.isEmpty {
            waves.append(wave)
            var next: [Int] = []
            for dependent in wave.flatMap({ dependents[$0] }) {
                missing[dependent] -= 1
                if missing[dependent] == 0 { next.append(dependent) }
            }
            wave = next.sorted()
        }
        let cycle = steps.indices.filter { missing[$0] > 0 }
        self.waves = cycle.isEmpty ? waves : waves + [cycle]
    }

    /// - Parameter weight: the duration of a step; nil for a step that does not count.
    func longestPath(_ weight: (Int) -> Double?) -> (length: Double, steps: [Int]) {
        var length = [Double?](repeating: nil, count: needs.count)
        var before = [Int?](repeating: nil, count: needs.count)
        var last: Int?
        for step in waves.joined() {
            guard let own = weight(step) else { continue }
            let previous = needs[step].filter { length[$0] != nil }.max { (length[$0] ?? 0) < (length[$1] ?? 0) }
            before[step] = previous
            length[step] = own + (previous.flatMap { length[$0] } ?? 0)
            // Among paths of equal length the one with more steps shows more of what is left.
            if last.flatMap({ length[$0] }).map({ $0 <= length[step] ?? 0 }) ?? true { last = step }
        }
        guard let last else { return (0, []) }
        var steps: [Int] = []
        var next: Int? = last
        while let step = next, steps.count <= needs.count {
            steps.append(step)
            next = before[step]
        }
        return (length[last] ?? 0, steps.reversed())
    }
}
