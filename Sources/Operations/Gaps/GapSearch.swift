import BackupRepository
import Components
import Documents
import ObjectStorage
import Platform
import StackConfiguration

/// Searches every component, and the directories beside backed-up ones, for data that no backup holds.
package struct GapSearch {
    package let session: Session

    package init(session: Session) { self.session = session }

    package func run() async throws -> GapReport {
        var report = GapReport()
        let components = session.configuration.components
        let homes = components.compactMap(\.home)
        let withheld = await newestWithheld(&report)
        for component in components {
            var surroundings = GapSurroundings(
                trees: homes, components: Set(components.flatMap { [$0.name, $0.kind] }),
                withheld: withheld[component.name] ?? [], claims: claims)
            surroundings.isInPod = component.isServedByPod
            surroundings.buckets = buckets
            do {
                guard let finder = try session.gaps(component) else { continue }
                let gaps = try await finder.gaps(surroundings)
                report.gaps += gaps.map { GapReport.Row(component.name, $0, isInPod: surroundings.isInPod) }
            } catch let error as CancellationError {
                throw error
            } catch { report.unknown.append(.init(component: component.name, reason: "\(error)")) }
        }
        let beside = await session.pool.run { [own, kinds = session.kinds] in
            Neighbours(of: homes, knowing: own, kinds: kinds).gaps()
        }
        report.gaps += beside.map { GapReport.Row("host", $0) }
        return report
    }

    /// The buckets whose objects are backed up.
    private var buckets: [BackedUpBucket] {
        session.configuration.components.flatMap { component in
            component.settings.places(of: component.name).compactMap { place in
                guard case .bucket(let name, _, _) = place.kind, place.isBackedUp else { return nil }
                return BackedUpBucket(name: name, program: place.program)
            }
        }
    }

    /// The claims of clusters whose data are backed up.
    private var claims: [BackedUpClaims] {
        let configuration = session.configuration
        return configuration.components.compactMap(\.volume).map { volume in
            let workload = volume.workload.flatMap { $0.split(separator: "/").last.map(String.init) }
            return BackedUpClaims(
                namespace: volume.namespace ?? configuration.kubernetes.namespace, claim: volume.claim,
                workload: workload)
        }
    }

    /// The paths of `dr` on this machine.
    private var own: [String] {
        let file = session.file
        var paths = [session.stateFolder]
        if case .directory(let store) = session.configuration.store.url { paths.append(store) }
        if let textfile = session.configuration.metrics.textfile { paths.append(textfile) }
        paths += session.configuration.plans.map { [$0] } ?? []
        return paths + [file]
    }

    /// The withheld data of each component in its newest backup.
    private func newestWithheld(_ report: inout GapReport) async -> [String: [Withheld]] {
        do {
            let repository = try await session.repository()
            let latest = try await repository.latest(
                of: Set(session.configuration.components.map(\.name)), now: session.now(), provesManifests: false,
                pool: session.pool)
            return try await session.pool.run {
                var found: [String: [Withheld]] = [:]
                for (component, part) in latest.parts {
                    found[component] = try repository.manifest(component, of: part.set).withheld
                }
                return found
            }
        } catch {
            report.unknown.append(.init(component: "repository", reason: "\(error)"))
            return [:]
        }
    }
}

extension ComponentConfiguration {
    /// True if the component's server runs in a pod, so that its paths are not those of this machine.
    var isServedByPod: Bool {
        volume != nil || settings.server?.url.hasPrefix(ClusterAddress.scheme) == true
    }
}
