import BackupRepository
import ObjectStorage
import Platform
package import RecoveryPlan

/// The step `thaw` of a plan.
extension StackRecovery {
    package func previewThaw(_ request: ThawRequest, in run: RunIdentity) async throws -> ActionPreview {
        try await translatingErrors("preview the thaw") {
            var needs = PackNeeds()
            for (set, manifests) in try await wanted(request) {
                for manifest in manifests { needs.add(manifest, of: set) }
            }
            let cold = try await ArchivedPacks(of: needs, in: repository, pool: session.pool)
            guard !cold.unreadable.isEmpty else { return ActionPreview(["thaw: no pack must be thawed"]) }
            let time = ThawSpeed(rawValue: request.tier.rawValue).flatMap { cold.thawTime($0) }
            let hours = time.map { ", up to \(Units.duration(seconds: $0))" } ?? ""
            return ActionPreview([
                "thaw \(Units.count(cold.unreadable.count, "pack")) for \(Units.count(request.days, "day")), at speed "
                    + "\(request.tier.rawValue)\(hours)"
            ])
        }
    }

    package func thaw(_ request: ThawRequest, in run: RunIdentity) async throws -> String {
        try await translatingErrors("thaw") {
            var lines: [String] = []
            for (set, manifests) in try await wanted(request) {
                var job = ThawJob(session)
                job.days = request.days
                job.speed = ThawSpeed(rawValue: request.tier.rawValue) ?? .standard
                job.waits = true
                progress.begin(Self.thawName, job.progress)
                defer { progress.end(Self.thawName) }
                let outcome = try await job.run(manifests, of: set, in: repository)
                guard outcome.isWhole else {
                    throw ActionError(
                        .failed, operation: "thaw",
                        "the store refused \(outcome.failed) of the requests: \(outcome.failure ?? "")")
                }
                lines.append(outcome.text)
            }
            return lines.joined(separator: "; ")
        }
    }

    /// The name of a thaw in the progress of a run; no component has a space in its name.
    private static let thawName = "archived packs"

    /// One line if packs must be thawed before a restore, with the hours.
    func coldLines(of job: RestoreJob) async throws -> [String] {
        guard let complaint = try await session.archivedPacks(of: [job], in: repository).complaint else { return [] }
        let remedy =
            thawed.contains(job.component)
            ? "a step 'thaw' comes first" : "the run is refused unless a step 'thaw' comes first"
        return ["\(complaint); \(remedy)"]
    }

    /// The manifests of the components to thaw, by set.
    private func wanted(_ request: ThawRequest) async throws -> [(set: Timestamp, manifests: [Manifest])] {
        let names = request.components.isEmpty ? selection.parts.keys.sorted() : request.components
        var found: [Timestamp: [Manifest]] = [:]
        for component in names {
            let set = try await session.set(of: component, in: selection, repository)
            found[set.name, default: []].append(
                try await session.pool.run { try repository.manifest(component, of: set) })
        }
        return found.sorted { $0.key < $1.key }.map { (set: $0.key, manifests: $0.value) }
    }
}
