import FoundationEssentials
import Platform

/// The proof of an installation on its own machine: `dr` backs up sample data to a temporary repository, restores them,
/// and must notice damage and false signatures. Each step runs the installed program as an operator does.
package struct SelfTest: Sendable {
    /// The program under test.
    package var program: String
    /// The folder that gets the temporary folder.
    package var temporary: String
    /// The variables that the program inherits.
    package var environment: [String: String]
    /// The longest time of one run of the program.
    package var limit = Duration.seconds(60)

    package init(program: String, temporary: String, environment: [String: String]) {
        self.program = program
        self.temporary = temporary
        self.environment = environment
    }

    /// Runs all steps and removes the temporary folder. A step that fails does not run those that need it.
    /// - Parameter progress: receives each step after its end.
    /// - Throws: `CancellationError`.
    package func run(progress: (SelfTestStep) -> Void = { _ in }) throws -> SelfTestReport {
        let start = ContinuousClock.now
        var steps: [SelfTestStep] = []
        var failed: SelfTestStep.Name?
        var place: SelfTestPlace?

        func take(_ step: SelfTestStep) {
            steps.append(step)
            progress(step)
        }
        func perform(_ name: SelfTestStep.Name, _ body: (inout SelfTestStep) throws -> Void) throws {
            var step = SelfTestStep(name)
            if let failed {
                step.verdict = .skipped
                step.detail = "the step '\(failed.rawValue)' failed"
                return take(step)
            }
            let start = ContinuousClock.now
            do {
                try body(&step)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                step.verdict = .failed
                step.detail = (["\(error)"] + [place?.shortage].compactMap { $0 }).joined(separator: "; ")
                failed = name
            }
            step.seconds = (ContinuousClock.now - start).rounded
            take(step)
        }

        do {
            try perform(.folder) { step in
                let made = try SelfTestPlace(in: temporary)
                place = made
                step.detail = made.path
            }
            for name in SelfTestStep.Name.ofProgram {
                try perform(name) { step in
                    guard let place else { return }
                    try SelfTestRun(name, of: self, in: place).perform(&step)
                }
            }
        } catch {
            try? place?.remove()
            throw error
        }
        if let place {
            // Also after a failure: nothing may stay.
            failed = nil
            try perform(.clean) { _ in try place.remove() }
        }
        return SelfTestReport(
            program: program, folder: place?.path ?? temporary, seconds: (ContinuousClock.now - start).rounded, steps)
    }
}

extension Duration {
    /// Seconds, to the millisecond.
    fileprivate var rounded: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds / 1_000_000_000_000_000) / 1000
    }
}
