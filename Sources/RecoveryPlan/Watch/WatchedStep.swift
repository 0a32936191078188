/// One step of a run, as displays show it.
package struct WatchedStep: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Steps that it needs are not finished, or it is about to start.
        case waiting
        case running
        /// The last attempt failed and another one follows.
        case retrying
        case done
        case failed
        case skipped
        /// The run was interrupted during the step.
        case cancelled
        case rollingBack = "rolling_back"
        case rolledBack = "rolled_back"

        /// True if the step takes no more time.
        package var isSettled: Bool {
            switch self {
            case .waiting, .running, .retrying, .cancelled, .rollingBack: false
            case .done, .failed, .skipped, .rolledBack: true
            }
        }

        /// True if the step works now.
        package var isActive: Bool { self == .running || self == .rollingBack }

        /// The state as words.
        package var words: String { rawValue.replacing("_", with: " ") }
    }

    package var id: String
    /// The steps of the run that it needs.
    package var needs: [String]
    package var about: String?
    /// See ``Step/work``.
    package var work: String?
    package var state = State.waiting
    /// The number of the latest attempt, from 1; 0 before the first one.
    package var attempt = 0
    /// The number of attempts that failed.
    package var failures = 0
    /// The start of the latest attempt, in seconds since the start of the run.
    package var began: Double?
    /// The end of the latest attempt, in seconds since the start of the run.
    package var ended: Double?
    /// The error of the latest failed attempt, or the reason why the step was skipped.
    package var remark: String?
    /// The result of the step, as one line.
    package var result: String?
    /// Bytes that the step restored.
    package var bytes: Int?
    /// The expected duration in seconds, from earlier runs, rehearsals and the waits that the plan sets.
    package var expected: Double?
    /// True if ``expected`` is only a lower bound. Absent in copies of older versions.
    package var expectedIsLeast: Bool?

    package init(_ id: String, needs: [String] = []) {
        self.id = id
        self.needs = needs
    }

    /// Returns the duration of the latest attempt up to a time, in seconds since the start of the run.
    package func seconds(at elapsed: Double) -> Double? {
        began.map { max(0, (ended ?? elapsed) - $0) }
    }

    /// True if no earlier run shows its duration, so that a forecast with it is a lower bound.
    package var isUntimed: Bool { expected == nil || expectedIsLeast == true }

    /// Returns the steps that it waits for, if it is waiting.
    /// - Parameter open: see ``WatchedRun/openSteps``.
    package func waits(among open: Set<String>) -> [String] {
        state == .waiting ? needs.filter(open.contains) : []
    }

    /// Returns the seconds that the step still needs; 0 if nothing shows its duration.
    func left(at elapsed: Double) -> Double {
        guard !state.isSettled, let expected else { return 0 }
        guard state == .running, let began else { return expected }
        return max(0, began + expected - elapsed)
    }
}

/// A restore that transfers data now.
package struct WatchedTransfer: Codable, Equatable, Sendable {
    package var component: String
    package var phase: String
    package var files = 0, totalFiles = 0
    package var bytes = 0, totalBytes = 0
    /// Bytes a second, over the last seconds; nil until there are two measurements.
    package var rate: Double?

    package init(component: String, phase: String) {
        self.component = component
        self.phase = phase
    }

    /// The remaining seconds at the present rate.
    package var secondsLeft: Double? {
        guard let rate, rate > 0, totalBytes > bytes else { return nil }
        return Double(totalBytes - bytes) / rate
    }
}
