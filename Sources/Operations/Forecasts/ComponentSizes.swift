import BackupRepository
import Platform
package import RecoveryPlan
import Trends

/// How much the components hold, and held: what restores move today, and how that grows.
///
/// Comes from the sets' own documents, some kilobytes each. No manifest, index or pack is read.
package struct ComponentSizes {
    private(set) var histories: [String: SizeHistory] = [:]
    /// Why nothing is known.
    private(set) var gap: String?

    private static let days = 90
    /// Sets that are read: a line needs no more, and on S3 each is a request.
    private static let most = 60
    /// Seconds that a set may be ahead of the clock: sets made within one second are named after the next ones.
    private static let grace = 60

    /// - Parameter names: of all sets.
    init(_ repository: Repository, _ names: [Timestamp], now: Timestamp, pool: BlockingPool) async throws {
        let latest = now.seconds + Self.grace
        let known = names.filter { $0.seconds <= latest }
        let young = known.filter { $0.seconds >= now.seconds - Self.days * 86_400 }
        // An old backup is still what would be restored.
        let sample = young.isEmpty ? known.suffix(1) : young.spread(most: Self.most)
        for set in try await repository.sets(sample, pool: pool).sets where repository.scope.owns(set) {
            for (component, part) in set.components {
                histories[component, default: SizeHistory(newest: 0, samples: [])].newest = part.bytes
                histories[component]?.samples.append(Sample(x: Double(set.name.seconds), value: Double(part.bytes)))
            }
        }
        if sample.isEmpty { gap = "there is no backup yet" }
    }

    /// - Parameter gap: why nothing is known.
    init(gap: String) { self.gap = gap }

    /// What restores would move today.
    package var today: [String: SizeForecast] { histories.mapValues { SizeForecast($0.newest) } }
}

extension RestoreSelection {
    /// By component what its restore moves.
    package var sizes: [String: SizeForecast] { components.mapValues { SizeForecast($0.bytes) } }
}
