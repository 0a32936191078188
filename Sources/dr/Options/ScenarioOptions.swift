import ArgumentParser
import BackupRepository
import Foundation
import Operations
import Platform
import RecoveryPlan

/// How a plan is replayed: for `dr restore --scenario` and `dr drill`.
struct ScenarioOptions: ParsableArguments {
    @OptionGroup var parameters: PlanParameters

    @Option(
        name: .long, help: "When it failed (T0): RFC 3339, or an age such as 20m. What is lost is counted from here.")
    var failedAt: MomentArgument?

    @Option(name: .long, help: "When that was noticed (T1).")
    var detectedAt: MomentArgument?

    @Option(name: .long, help: "When the disaster was declared (T2): the time to recover is counted from here.")
    var declaredAt: MomentArgument?

    @Flag(
        name: .long, help: "Go on with the newest unfinished run of the scenario, or with the one named: --resume RUN.")
    var resume = false

    @Option(name: .long, help: .hidden)
    var resumeRun: String?

    @Flag(name: .long, help: "Resume although the plan or its parameters are not what they were.")
    var allowChangedPlan = false

    @Flag(name: .shortAndLong, help: "Do not ask whether it is meant.")
    var yes = false

    var isResuming: Bool { resume || resumeRun != nil }

    /// The same, checked.
    func request() throws -> ReplayRequest {
        var request = ReplayRequest(
            parameters: try parameters.values(), moments: try moments(now: WallClock.system.now))
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
                    "\(name) lies in the future: \(Moment.text(date)); by this machine's clock it is \(Moment.text(now)), "
                        + "so either the moment or the clock is wrong")
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
