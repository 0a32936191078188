package import BackupRepository
import Platform
import StackConfiguration

extension Session {
    /// A prune with the policy, the state and the components of the configuration. That of a copy takes no notes and removes
    /// nothing from the sources: both are about the sets of the first store.
    package func prune(of repository: Repository) throws -> Prune {
        var prune = Prune(
            repository: repository, policy: configuration.retention.policy, tool: Release.tool, pool: pool,
            now: { [clock] in Timestamp(seconds: clock.seconds) })
        let state = try state(of: repository)
        if let grace = configuration.retention.grace { prune.grace = grace }
        prune.failedRuns = state.failedRuns()
        prune.components = Set(configuration.components.map(\.name))
        prune.copyName = copyName
        if isOnCopy { return prune }
        prune.state = state
        prune.repository.cache = state.documents(isRead: true)
        prune.forget = { manifest, keeping in
            // A component that is not in the configuration any more has no source.
            guard let component = configuration.component(named: manifest.component),
                component.kind == manifest.source
            else { return }
            try await source(component).forget(manifest.facts, keeping: keeping)
        }
        return prune
    }
}

/// The report of a prune as text.
package enum PruneText {
    package static func full(_ report: PruneReport) -> String {
        var table = Table([("SET", .left), ("FATE", .left), ("REASON", .left)])
        for line in report.sets {
            let due = line.due.map { ", due \($0.readable)" } ?? ""
            table.add(["\(line.name)", line.fate.rawValue + due, line.reasons.joined(separator: "; ")])
        }
        return (report.sets.isEmpty ? ["no backup yet"] : [table.text]).joined() + "\n" + summary(report)
    }

    package static func summary(_ report: PruneReport) -> String {
        if !report.frozen.isEmpty { return "pruning is frozen: no object was removed" }
        let would = report.isDryRun ? "would be " : ""
        let lines = [("removed", report.removed), ("announced", report.announced)].map { word, counts in
            "\(would)\(word): \(Units.count(counts.sets, "set")), \(Units.count(counts.manifests, "manifest")), \(Units.count(counts.packs, "pack")), "
                + Units.bytes(counts.bytes)
        }
        return (lines + [uploads(report, would), locked(report), locks(report, would)].compactMap { $0 })
            .joined(separator: "\n")
    }

    private static func uploads(_ report: PruneReport, _ would: String) -> String? {
        guard report.uploads.aborted > 0 else { return nil }
        return
            "\(would)aborted: \(Units.count(report.uploads.aborted, "unfinished upload")), such as \(report.uploads.keys[0])"
    }

    private static func locked(_ report: PruneReport) -> String? {
        guard let first = report.locked.first.first else { return nil }
        let until = report.locked.until.map { ", the last lock ends \($0.readable)" } ?? ""
        let end = first.until.map { " until \($0.readable)" } ?? ""
        return
            "locked, dr retries later: \(Units.count(report.locked.objects, "object"))\(until); the first: \(first.object)\(end)"
    }

    private static func locks(_ report: PruneReport, _ would: String) -> String? {
        guard let locks = report.locks, let until = locks.until else { return nil }
        return
            "\(would)extended the locks of \(Units.count(locks.extended, "object")), the longest until \(until.readable)"
    }

    /// Prints the warnings, which appear even if the result is not printed.
    package static func warn(_ report: PruneReport, _ output: Output) {
        for refusal in report.frozen {
            output.warn("pruning is frozen: \(refusal.reason)\nhint: \(refusal.remedy)")
        }
        for (component, reason) in report.sealed.sorted(by: { $0.key < $1.key }) {
            output.warn("no object of \(component) is removed: \(reason)")
        }
        if report.refused > 0 {
            output.warn("\(Units.count(report.refused, "object")) could not be removed: \(report.refusal ?? "")")
        }
        for warning in report.warnings { output.warn(warning) }
    }
}
