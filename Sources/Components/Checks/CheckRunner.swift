package import Platform

/// Runs checks concurrently, each within its own time limit.
package struct CheckRunner: Sendable {
    private let pool: BlockingPool
    /// The limit for checks without their own.
    private let timeLimit: Duration
    /// The number of concurrent checks.
    private static let width = 12

    package init(pool: BlockingPool, timeLimit: Duration) {
        self.pool = pool
        self.timeLimit = timeLimit
    }

    /// - Returns: one result for each check, in their order. The checks of a cancelled run have failed, with the reason.
    package func run(_ checks: [any RecoveryCheck]) async -> [CheckResult] {
        await withTaskGroup(of: (Int, CheckResult).self) { group in
            var results = [CheckResult?](repeating: nil, count: checks.count)
            for (index, check) in checks.enumerated() {
                if index >= Self.width, let (done, result) = await group.next() { results[done] = result }
                group.addTask { (index, await self.result(of: check)) }
            }
            for await (done, result) in group { results[done] = result }
            return results.compactMap { $0 }
        }
    }

    private enum Outcome: Sendable {
        case measured(Measurement)
        case failed(measured: String, reason: String)
        case timeIsUp
    }

    private func result(of check: any RecoveryCheck) async -> CheckResult {
        let began = ContinuousClock.now
        let limit = check.timeLimit ?? timeLimit
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await self.measure(check) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .timeIsUp
            }
            let first = await group.next()
            group.cancelAll()  // a running check notices this within a second
            return first ?? .timeIsUp
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let measurement: Measurement
        switch outcome {
        case .measured(let done): measurement = done
        case .failed(let measured, let reason): measurement = .failed(measured, reason)
        case .timeIsUp where Task.isCancelled: measurement = .failed("-", "the check was interrupted")
        case .timeIsUp: measurement = .failed("no result within \(limit)", "the check timed out")
        }
        var result = CheckResult(
            check.name, component: check.component, measurement.verdict, isCritical: check.isCritical,
            measured: measurement.measured, target: check.target, detail: measurement.detail, seconds: seconds)
        (result.status, result.milliseconds) = (measurement.status, measurement.milliseconds)
        return result
    }

    private func measure(_ check: any RecoveryCheck) async -> Outcome {
        await pool.run {
            do {
                return .measured(try check.measure())
            } catch let error as any MeasuredError {
                return .failed(measured: error.measured, reason: "\(error)")
            } catch is CancellationError {
                return .timeIsUp
            } catch {
                return .failed(measured: "-", reason: "\(error)")
            }
        }
    }
}
