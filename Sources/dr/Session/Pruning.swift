import Configuration
import Repository

extension Session {
    /// A prune with the policy, the state and the components of the configuration.
    func prune(of repository: Repository) throws -> Prune {
        var prune = Prune(
            repository: repository, policy: configuration.retention.policy, tool: "dr \(DR.version)", pool: pool,
            now: Self.now)
        let state = try state(of: repository)
        prune.state = state
        prune.failedRuns = state.failedRuns()
        prune.forget = { manifest in
            // A component that is not in the configuration any more leaves nobody to ask.
            guard let component = configuration.component(named: manifest.component),
                component.kind == manifest.source
            else { return }
            try await Components.source(component, self).forget(manifest.facts)
        }
        return prune
    }
}

/// A prune's report as people read it.
enum PruneText {
    static func full(_ report: PruneReport) -> String {
        var table = Table([("SET", .left), ("FATE", .left), ("REASON", .left)])
        for line in report.sets {
            let due = line.due.map { ", due \($0.readable)" } ?? ""
            table.add(["\(line.name)", line.fate.rawValue + due, line.reasons.joined(separator: "; ")])
        }
        return (report.sets.isEmpty ? ["no backup yet"] : [table.text]).joined() + "\n" + summary(report)
    }

    static func summary(_ report: PruneReport) -> String {
        if !report.frozen.isEmpty { return "frozen: nothing is removed" }
        let would = report.isDryRun ? "would be " : ""
        return [("removed", report.removed), ("announced", report.announced)].map { word, counts in
            "\(would)\(word): \(counts.sets) sets, \(counts.manifests) manifests, \(counts.packs) packs, "
                + Units.bytes(counts.bytes)
        }.joined(separator: "\n")
    }

    /// What somebody must know, whether or not the result is printed.
    static func warn(_ report: PruneReport, _ output: Output) {
        for refusal in report.frozen {
            output.warn("pruning is frozen: \(refusal.reason)\nhint: \(refusal.remedy)")
        }
        for (component, reason) in report.sealed.sorted(by: { $0.key < $1.key }) {
            output.warn("nothing of \(component) is removed: \(reason)")
        }
        if report.refused > 0 { output.warn("\(report.refused) objects were not let go: \(report.refusal ?? "")") }
        for warning in report.warnings { output.warn(warning) }
    }
}
