package import Components
import Platform
import RecoveryPlan
import StackConfiguration

extension Recommendation {
    /// - Parameter kinds: the kinds of the components, by name; they give the advice on smaller restores.
    package func text(kinds: [String: any ComponentKind.Type]) -> String {
        let name = component ?? step, time = Units.duration(seconds ?? 0)
        switch kind {
        case .longestStep: return "\(step) takes \(Units.fixed((share ?? 0) * 100, 0))% of the critical path: \(time)"
        case .throughput:
            return
                "storage: \(Self.size(bytes)) of \(name) need \(Self.rate(neededBytesPerSecond)) or more to meet the RTO; "
                + "measured: \(Self.rate(measuredBytesPerSecond))"
        case .otherSteps: return "other steps: without \(step) they take \(time); shorten these first"
        case .sideBySide: return "parallelism: \(step) waits for \(after ?? "-"); concurrent steps save \(time)"
        case .shorterRestore:
            return
                "shorter restore: \(Self.size(fittingBytes)) of the \(Self.size(bytes)) of \(name) can be restored in time: "
                + less(kinds[name])
        }
    }

    /// The advice on a smaller first restore.
    private func less(_ kind: (any ComponentKind.Type)?) -> String {
        let share = Units.percent(fittingBytes ?? 0, of: bytes ?? 0)
        return kind?.adviceForLess(component: component ?? step, share: share)
            ?? "restore the most important paths first (`paths` in the plan's step), or keep less data"
    }

    private static func rate(_ value: Double?) -> String { value.map { "\(Units.bytes(Int($0)))/s" } ?? "-" }
    private static func size(_ value: Int?) -> String { value.map { Units.bytes($0) } ?? "-" }
}
