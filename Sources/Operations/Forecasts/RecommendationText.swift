package import Components
import Platform
import RecoveryPlan
import StackConfiguration

extension Recommendation {
    /// - Parameter kinds: of the components, by name: what a restore can leave for later depends on it.
    package func text(kinds: [String: any ComponentKind.Type]) -> String {
        let name = component ?? step, time = Units.duration(seconds ?? 0)
        switch kind {
        case .longestStep: return "\(step) takes \(Units.fixed((share ?? 0) * 100, 0))% of the critical path: \(time)"
        case .throughput:
            return
                "storage: \(Self.size(bytes)) of \(name) fit at \(Self.rate(neededBytesPerSecond)) or more; measured "
                + "were \(Self.rate(measuredBytesPerSecond))"
        case .otherSteps: return "other steps: without \(step) they take \(time) already; shorten those first"
        case .sideBySide: return "parallelism: \(step) waits for \(after ?? "-"); side by side they save \(time)"
        case .shorterRestore:
            return
                "shorter restore: \(Self.size(fittingBytes)) of the \(Self.size(bytes)) of \(name) come back in time: "
                + less(kinds[name])
        }
    }

    /// Advice on how to restore less, at first or at all.
    private func less(_ kind: (any ComponentKind.Type)?) -> String {
        let share = Units.percent(fittingBytes ?? 0, of: bytes ?? 0)
        return kind?.adviceForLess(component: component ?? step, share: share)
            ?? "restore what is needed most first (`paths` in the plan's step), or keep less"
    }

    private static func rate(_ value: Double?) -> String { value.map { "\(Units.bytes(Int($0)))/s" } ?? "-" }
    private static func size(_ value: Int?) -> String { value.map { Units.bytes($0) } ?? "-" }
}
