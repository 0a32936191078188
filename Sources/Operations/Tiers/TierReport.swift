package import BackupRepository
import ObjectStorage
import Platform

/// What `dr tier` moved and left.
package struct TierReport: Encodable, Sendable {
    /// Packs that moved to one class.
    package struct Sum: Encodable, Equatable, Sendable {
        package var `class`: String
        package var packs = 0
        package var bytes = 0
    }

    /// A class that the store does not have.
    package struct Refused: Encodable, Equatable, Sendable {
        package var `class`: String
        package var reason: String
    }

    /// Packs that stay where they are.
    package struct Kept: Encodable, Equatable, Sendable {
        package var packs = 0
        package var bytes = 0
    }

    package var isDryRun: Bool
    package var location: String
    /// Reasons for which no pack was moved.
    package var frozen: [PruneReport.Refusal] = []
    package var refused: [Refused] = []
    /// In a dry run, what would be moved.
    package var moved: [Sum] = []
    /// By reason: ``TierChoice/Reason``.
    package var kept: [String: Kept] = [:]
    /// Components of which no pack is moved, with the reason.
    package var sealed: [String: String] = [:]
    /// Moved packs whose former versions the bucket keeps.
    package var versions = 0
    package var failed = 0
    /// The first failure.
    package var failure: String?
    package var warnings: [String] = []

    init(isDryRun: Bool, location: String) {
        self.isDryRun = isDryRun
        self.location = location
    }

    mutating func keep(_ bytes: Int, because reason: TierChoice.Reason) {
        kept[reason.rawValue, default: Kept()].packs += 1
        kept[reason.rawValue, default: Kept()].bytes += bytes
    }

    static func sums(of moves: [TierJob.Move]) -> [Sum] {
        var sums: [StorageClass: Sum] = [:]
        for move in moves {
            sums[move.target, default: Sum(class: move.target.name)].packs += 1
            sums[move.target, default: Sum(class: move.target.name)].bytes += move.object.size
        }
        return sums.sorted { $0.key < $1.key }.map(\.value)
    }

    /// True if everything that should move did.
    package var isWhole: Bool { frozen.isEmpty && refused.isEmpty && failed == 0 }

    package var text: String {
        if !frozen.isEmpty { return "tiering is frozen: no pack was moved" }
        let word = isDryRun ? "would move" : "moved"
        var lines = moved.map { "\(word) \(Units.count($0.packs, "pack")), \(Units.bytes($0.bytes)), to \($0.class)" }
        if lines.isEmpty { lines.append("\(word) no pack") }
        for reason in TierChoice.Reason.allCases {
            guard let sum = kept[reason.rawValue] else { continue }
            lines.append("stays: \(Units.count(sum.packs, "pack")), \(Units.bytes(sum.bytes)): \(reason.words)")
        }
        return lines.joined(separator: "\n")
    }

    /// Prints what an operator must know, also with `--json`.
    package func warn(_ output: Output) {
        for refusal in frozen { output.warn("tiering is frozen: \(refusal.reason)\nhint: \(refusal.remedy)") }
        for (component, reason) in sealed.sorted(by: { $0.key < $1.key }) {
            output.warn("no pack of \(component) is moved: \(reason)")
        }
        for refusal in refused {
            output.warn("\(location) did not pass the trial of class \(refusal.class): \(refusal.reason)")
        }
        if failed > 0 { output.warn("\(Units.count(failed, "pack")) could not be moved: \(failure ?? "")") }
        for warning in warnings { output.warn(warning) }
    }
}

extension TierChoice.Reason {
    fileprivate var words: String {
        switch self {
        case .young: "a young backup needs it"
        case .there: "it is in the class of its age, in a colder one, or in an archive"
        case .unneeded: "no kept backup needs it, so a prune removes it"
        case .sealed: "a manifest of its component cannot be read"
        case .small: "it is smaller than 128 KiB and would cost more in a colder class"
        case .large: "it is larger than the store can copy in one request"
        }
    }
}
