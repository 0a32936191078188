package import BackupRepository
import Components
import Documents
import HTTP
import Platform
package import StackConfiguration
package import Trends

/// The measurements of a resource, or of one of several series of an expression.
package struct MeasuredResource {
    var resource: CapacityResource
    /// The labels that distinguish this series from others of the resource; empty for a single one.
    var labels: [String: String] = [:]
    /// The samples, in the order of time.
    package var samples: [Sample] = []
    /// The reason why measurements are missing.
    package var failure: String?
}

/// Reads the histories of all resources: hourly values of the metric server, and the repository's sets.
package struct CapacityHistory {
    package let session: Session
    package let now: Timestamp

    package init(session: Session, now: Timestamp) {
        self.session = session
        self.now = now
    }

    /// The largest number of series of one expression in a report.
    private static let mostSeries = 50
    private static let step = 3600
    /// Seconds that a set may be ahead of the clock, since sets made within one second get the names of the following
    /// seconds. A set from a wrong clock would distort the forecast.
    private static let grace = 60

    /// The component whose server has the history; nil if no component keeps metrics.
    /// - Throws: `CapacityError` if the configuration names an unknown component.
    package func source() throws -> ComponentConfiguration? {
        let components = session.configuration.components
        guard let name = session.configuration.capacity.source else {
            return components.first { type(of: $0.settings).keepsMetrics }
        }
        guard let component = session.configuration.component(named: name),
            type(of: component.settings).keepsMetrics
        else {
            throw CapacityError("capacity: source: there is no component '\(name)' that keeps metrics")
        }
        return component
    }

    package func read() async throws -> [MeasuredResource] {
        let source = try source()
        let server = try source.flatMap { try $0.settings.metricServer(session.context(of: $0.name)) }
        // Without a source the report still lists the resources, with the reason why they are not measured.
        let kind = source.map { type(of: $0.settings) } ?? session.kinds.first { $0.keepsMetrics }
        var all: [MeasuredResource] = []
        let repository = await repositoryHistories()
        for resource in CapacityResource.all(kind?.measuredResources ?? [], session.configuration.capacity) {
            if let expression = resource.expression {
                all += try await histories(of: resource, expression: expression, from: server)
            } else {
                all.append(repository(resource))
            }
        }
        return all
    }

    private var interval: ClosedRange<Int> {
        let length = Int(session.configuration.capacity.history.duration.components.seconds)
        return (now.seconds - length)...now.seconds
    }

    private func histories(of resource: CapacityResource, expression: String, from server: (any MetricServer)?)
        async throws
        -> [MeasuredResource]
    {
        guard let server else {
            return [MeasuredResource(resource: resource, failure: "no component that keeps metrics is configured")]
        }
        do {
            let (series, more) = try await server.history(
                expression, over: interval, step: Self.step, limit: Self.mostSeries)
            guard !series.isEmpty else { return [MeasuredResource(resource: resource)] }
            return series.enumerated().map { index, series -> MeasuredResource in
                var measured = MeasuredResource(
                    resource: resource, labels: series.labels,
                    samples: series.samples.map { Sample(x: $0.time, value: $0.value) })
                if series.hasHistograms {
                    measured.failure =
                        "the result is a native histogram, which has no single value: use "
                        + "histogram_quantile, histogram_count or histogram_sum in the expression"
                } else if index == 0, more > 0 {
                    measured.failure = "\(more) more series are skipped; aggregate the expression"
                }
                return measured
            }
        } catch let error as MetricHistoryError {
            return [MeasuredResource(resource: resource, failure: "\(error)")]
        }
    }

    // MARK: Repository

    private func repositoryHistories() async -> (CapacityResource) -> MeasuredResource {
        do {
            let repository = try await session.repository()
            let stored = try await Statistics(of: repository, pool: session.pool).storedBytes
            let names = try await session.pool.run { try repository.setNames() }
            let all = try await repository.sets(
                names.filter { $0.seconds >= interval.lowerBound }, pool: session.pool
            ).sets
            // The sets of every stack contribute to the size of the store.
            let own = all.filter(repository.scope.owns)
            let latest = Double(interval.upperBound + Self.grace)
            return { resource in
                let samples = resource.name == "repository" ? Self.stored(all, now: stored) : Self.sizes(own)
                return MeasuredResource(resource: resource, samples: samples.filter { $0.x <= latest })
            }
        } catch {
            return { MeasuredResource(resource: $0, failure: "the repository cannot be read: \(error)") }
        }
    }

    /// The size of the store after each set: its present size without the data that later sets added. Data that was
    /// pruned since then belonged to removed sets, and does not count.
    package static func stored(_ sets: [BackupSet], now: Int) -> [Sample] {
        var held = now
        let backwards = sets.sorted { $0.name > $1.name }.map { set in
            let sample = Sample(x: Double(set.name.seconds), value: Double(max(0, held)))
            held = held.subtractingClamped(set.components.values.lazy.map(\.added.stored).clampedSum())
            return sample
        }
        return backwards.reversed()
    }

    /// The uncompressed bytes of each complete set.
    package static func sizes(_ sets: [BackupSet]) -> [Sample] {
        sets.filter { $0.failed.isEmpty && $0.skipped.isEmpty }.sorted { $0.name < $1.name }.map { set in
            Sample(x: Double(set.name.seconds), value: Double(set.components.values.lazy.map(\.bytes).clampedSum()))
        }
    }
}

/// A forecast that cannot be made.
struct CapacityError: OperationError {
    var detail: String
    var reasonCode: String { "configuration" }
    var place: ErrorPlace { ErrorPlace() }

    init(_ detail: String) { self.detail = detail }
}
