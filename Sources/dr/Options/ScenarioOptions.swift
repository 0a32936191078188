import ArgumentParser
import BackupRepository
import FoundationEssentials
import Operations
import Platform
import RecoveryPlan

/// The options of `dr restore --scenario`.
struct ScenarioOptions: ParsableArguments {
    @OptionGroup var parameters: PlanParameters

    @Option(
        name: .long, help: "Time of the failure (T0): RFC 3339, or an age such as 20m. Data loss is measured from here."
    )
    var failedAt: MomentArgument?

    @Option(name: .long, help: "Time of the detection (T1).")
    var detectedAt: MomentArgument?

    @Option(name: .long, help: "Time of the declaration (T2). The time to recover is measured from here.")
    var declaredAt: MomentArgument?

    @Flag(
        name: .long, help: "Resume the newest unfinished run of the scenario, or the given one: --resume RUN.")
    var resume = false

    @Option(name: .long, help: .hidden)
    var resumeRun: String?

    @Flag(name: .long, help: "Resume even if the plan or its parameters changed.")
    var allowChangedPlan = false

    @Flag(name: .long, help: "Start although the preflight of the plan's Kubernetes clusters found errors.")
    var ignorePreflight = false

    @Flag(name: .shortAndLong, help: "Skip the confirmation prompt.")
    var yes = false

    var isResuming: Bool { resume || resumeRun != nil }

    /// The validated options.
    func request(acceptsOlder: Bool = false, allowsClear: Bool = false) throws -> ReplayRequest {
        var request = ReplayRequest(
            parameters: try parameters.values(), moments: try moments(now: WallClock.system.now))
        request.acceptsOlder = acceptsOlder
        request.allowsClear = allowsClear
        request.resumes = isResuming
        request.run = resumeRun
        request.allowsChangedPlan = allowChangedPlan
        return request
    }

    /// - Throws: `ValidationError` for moments in the future, or out of their order.
    private func moments(now: Date) throws -> ReplayRequest.Moments {
        func moment(_ argument: MomentArgument?, _ name: String) throws -> Date? {
            guard let argument else { return nil }
            let seconds = argument.seconds(now: Timestamp(seconds: WallClock.system.seconds))
            let date = Date(timeIntervalSince1970: Double(seconds))
            guard date <= now.addingTimeInterval(1) else {
                throw ValidationError(
                    "\(name) is in the future: \(Moment.text(date)); this machine's clock shows \(Moment.text(now)): "
                        + "correct the option or the clock")
            }
            return min(date, now)
        }
        let moments = ReplayRequest.Moments(
            failed: try moment(failedAt, "--failed-at"), detected: try moment(detectedAt, "--detected-at"),
            declared: try moment(declaredAt, "--declared-at"))
        let given = [
            ("--failed-at", moments.failed), ("--detected-at", moments.detected), ("--declared-at", moments.declared),
        ].compactMap { name, date in date.map { (name, $0) } }
        for (earlier, later) in zip(given, given.dropFirst()) where earlier.1 > later.1 {
            throw ValidationError("\(earlier.0) is after \(later.0)")
        }
        return moments
    }
}
