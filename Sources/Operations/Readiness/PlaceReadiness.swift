import BackupRepository
import Components
import Documents
import FoundationEssentials
import Glibc
import Kubernetes
import Platform
import RecoveryPlan

/// The space that the restores of a plan need on one file system of this host.
struct SpaceNeed: Equatable, Sendable {
    /// A path on the file system.
    var path: String
    var bytes: Int
    var free: Int
}

extension ReadinessRow {
    static func plan(_ review: PlanReview, scenario: String) -> ReadinessRow {
        let remedy = "dr plan validate \(scenario)"
        if let first = review.errors.first {
            let more = review.errors.count > 1 ? ", and \(Units.count(review.errors.count - 1, "more error"))" : ""
            return ReadinessRow(.plan, is: .red, "\(first.message)\(more)", remedy: remedy)
        }
        if let first = review.findings.first {
            let more =
                review.findings.count > 1 ? ", and \(Units.count(review.findings.count - 1, "more warning"))" : ""
            return ReadinessRow(.plan, is: .amber, "\(first.diagnostic.message)\(more)", remedy: remedy)
        }
        return ReadinessRow(.plan, is: .green, "valid, \(Units.count(review.plan?.steps.count ?? 0, "step"))")
    }

    static func cluster(_ findings: [ClusterFinding], usesCluster: Bool, scenario: String) -> ReadinessRow {
        guard usesCluster else { return ReadinessRow(.cluster, is: .notApplicable, "the plan uses no cluster") }
        let lines = findings.map { finding in
            (status: finding.severity == .error ? Status.red : .amber, text: finding.words)
        }
        return row(
            .cluster, lines, good: "the clusters answer and permit the plan's actions",
            remedy: "dr plan validate \(scenario) --cluster")
    }

    static func space(_ needs: [SpaceNeed]) -> ReadinessRow {
        guard !needs.isEmpty else {
            return ReadinessRow(.space, is: .notApplicable, "the plan restores no directory of this host")
        }
        let lacking = needs.filter { $0.bytes > $0.free }.map { need in
            (
                status: Status.red,
                text: "\(need.path): the restore needs \(Units.bytes(need.bytes)), \(Units.bytes(need.free)) are free"
            )
        }
        let good = needs.map { "\($0.path): \(Units.bytes($0.bytes)) needed, \(Units.bytes($0.free)) free" }
        return row(
            .space, lacking, good: good.joined(separator: "; "),
            remedy: "free space there, or restore to another directory")
    }

    static func snapshots(_ kept: [KeptSnapshots]) -> ReadinessRow {
        guard !kept.isEmpty else {
            return ReadinessRow(.snapshots, is: .notApplicable, "no component of the plan keeps volume snapshots")
        }
        let lines = kept.compactMap { kept -> (status: Status, text: String)? in
            if let failure = kept.failure { return (.amber, "\(kept.component): unknown: \(failure)") }
            return kept.newest == nil ? (.amber, "\(kept.component): none of \(kept.wanted) is ready") : nil
        }
        let good = kept.map { kept in
            "\(kept.component): \(kept.ready) of \(kept.wanted), the newest of "
                + "\(kept.newest.map { Timestamp(seconds: $0).readable } ?? "-") UTC"
        }
        return row(.snapshots, lines, good: good.joined(separator: "; "), remedy: "dr backup")
    }

    static func gaps(_ report: GapReport) -> ReadinessRow {
        var findings = report.gaps.map { (status: Status.amber, text: "\($0.component): \($0.object)") }
        findings += report.unknown.map { (.amber, "\($0.component): query failed: \($0.reason)") }
        return row(.gaps, findings, good: "no gap found", remedy: "dr gap")
    }
}

/// The volume snapshots of one component that stay in its cluster.
struct KeptSnapshots: Equatable, Sendable {
    var component: String
    /// The configured number.
    var wanted: Int
    var ready = 0
    /// The creation of the newest ready one, in seconds since 1970.
    var newest: Int?
    /// The reason why they could not be listed.
    var failure: String?
}

extension Plan {
    /// The space that the plan's restores need on the file systems of this host, where both are known. A restore writes
    /// its content beside the existing files before it replaces them.
    /// - Parameters:
    ///   - homes: the directories of the components, by name.
    ///   - bytes: the sizes of the components' newest backups, by name.
    func spaceNeeds(homes: [String: String], bytes: [String: Int]) -> [SpaceNeed] {
        var needs: [SpaceNeed] = []
        var systems: [UInt] = []
        for restore in steps.compactMap({ $0.action?.action as? RestoreAction }) where restore.paths.isEmpty {
            guard let target = restore.to ?? homes[restore.component], target.hasPrefix("/"), !target.contains("${"),
                let size = bytes[restore.component]
            else { continue }
            // The nearest existing ancestor, since the target may be gone.
            var path = URL(filePath: target).deletingLastPathComponent().path
            var status = statvfs()
            while statvfs(path, &status) != 0, path != "/" {
                path = URL(filePath: path).deletingLastPathComponent().path
            }
            guard statvfs(path, &status) == 0, status.f_blocks > 0 else { continue }
            let blocks = Int(clamping: geteuid() == 0 ? status.f_bfree : status.f_bavail)
            let free = blocks.multipliedClamped(by: Int(clamping: status.f_frsize))
            if let index = systems.firstIndex(of: UInt(status.f_fsid)) {
                needs[index].bytes = needs[index].bytes.addingClamped(size)
            } else {
                systems.append(UInt(status.f_fsid))
                needs.append(SpaceNeed(path: path, bytes: size, free: free))
            }
        }
        return needs
    }
}
