import BackupRepository
import Platform
package import RecoveryPlan
import Trends

/// The sizes of the components and their history: the data of a restore today, and its growth.
///
/// Read from the documents of the sets, a few kilobytes each; not from manifests, indexes or packs.
package struct ComponentSizes {
    private(set) var histories: [String: SizeHistory] = [:]
    /// The reason why sizes are unknown.
    private(set) var gap: String?

    private static let days = 90
    /// The number of sets to read. A trend does not need more, and on S3 each set is one request.
    private static let most = 60
    /// Seconds that a set may be ahead of the clock, since sets made within one second get the names of later seconds.
    private static let grace = 60

    /// - Parameter names: the names of all sets.
    init(_ repository: Repository, _ names: [Timestamp], now: Timestamp, pool: BlockingPool) async throws {
        let latest = now.seconds + Self.grace
        let known = names.filter { $0.seconds <= latest }
        let young = known.filter { $0.seconds >= now.seconds - Self.days * 86_400 }
        // Without newer sets a restore would use the old one.
        let sample = try await repository.sample(
            of: young.isEmpty ? known.suffix(1) : young, most: Self.most, pool: pool)
        let own = Set(sample.filter { $0.imported == nil }.flatMap(\.components.keys))
        for set in sample {
            // A restore uses an imported set only for a component that dr has not backed up.
            for (component, part) in set.components where set.imported == nil || !own.contains(component) {
                histories[component, default: SizeHistory(newest: 0, samples: [])].newest = part.bytes
                histories[component]?.samples.append(Sample(x: Double(set.name.seconds), value: Double(part.bytes)))
            }
        }
        if known.isEmpty { gap = "there is no backup yet" }
    }

    /// - Parameter gap: the reason why sizes are unknown.
    init(gap: String) { self.gap = gap }

    /// The sizes of restores today.
    package var today: [String: SizeForecast] { histories.mapValues { SizeForecast($0.newest) } }
}

extension RestoreSelection {
    /// The size of each component's restore, by component.
    package var sizes: [String: SizeForecast] { components.mapValues { SizeForecast($0.bytes) } }
}
