import BackupRepository
import Operations
import Platform

/// The result of a restore into a directory.
struct FilesRestored: Encodable {
    var set: Timestamp
    var component: String
    var target: String
    var kept: String?
    /// The path of the previous content, if it was removed.
    var discarded: String?
    /// The files without their recorded owner or mode.
    var shortfall: OwnerShortfall?
    var files: Int
    var bytes: Int
    var reusedFiles: Int
    var reusedBytes: Int
    var fetchedBytes: Int
    /// The trees on this machine, or volumes in the cluster, that had some of the content.
    var seeds: [SeedUse]
    private var origin: String
    var watermark: Int?
    var advice: [String]
    /// The index that was built from the restored data.
    var index: IndexRebuild?
    /// Paths that the backup itself lacks.
    var missing: [Damage]
    var transfer: Transfer?
    /// The newer sets that were not used, newest first; absent if there are none.
    var passedOver: [RestoreSelection.PassedOver]?
    /// True if only some paths or a slice of the component were restored.
    var isPart = false

    enum CodingKeys: CodingKey {
        case set, component, target, kept, discarded, shortfall, files, bytes, reusedFiles, reusedBytes, fetchedBytes
        case seeds, watermark, advice, index, missing, transfer, passedOver
    }

    /// - Parameter isSlice: true if only a part of the component was restored, so that the newest datum of that part counts.
    init(set: Timestamp, _ manifest: Manifest, _ report: ComponentRestore.Report, isSlice: Bool = false) {
        self.set = set
        component = manifest.component
        target = report.target
        (kept, discarded) = (report.kept, report.discarded)
        shortfall = report.shortfall
        files = report.files
        bytes = report.bytes
        reusedFiles = report.reusedFiles
        reusedBytes = report.reusedBytes
        fetchedBytes = report.fetched
        seeds = report.seeds
        origin = report.origin
        watermark = isSlice ? report.newestDatum : manifest.watermark
        advice = report.advice
        index = report.index
        missing = manifest.damage
    }

    var text: String {
        var lines = [
            "restored \(component) of set \(set) to \(target): \(Units.count(files, "file")), \(Units.bytes(bytes))"
        ]
        if watermark != nil { lines.append("newest datum: \(Units.moment(milliseconds: watermark))") }
        if reusedFiles > 0 {
            lines.append(origin)
        } else if kept != nil || discarded != nil {
            // There was content to compare with, and nothing of it could be used.
            lines.append(ComponentRestore.Report.wholeOrigin)
        }
        if let index { lines.append(index.text) }
        if isPart, let transfer { lines.append(transfer.text) }
        if let kept { lines.append("the previous content is kept in \(kept)") }
        if discarded != nil { lines.append("the previous content was removed") }
        return lines.joined(separator: "\n")
    }
}

/// The preview of a restore into a directory.
struct FilesPreview: Encodable {
    var set: Timestamp
    var component: String
    var dryRun = true
    var target: String
    /// True if the target exists; its content would be kept beside it.
    var replaces: Bool
    var files: Int
    var bytes: Int
    /// The conflicts that stop the restore, such as a server that runs on the target.
    var obstacles: [String]
    /// Remarks on what the preview does not know; absent if there are none.
    var notes: [String]?
    /// The newer sets that would not be used, newest first; absent if there are none.
    var passedOver: [RestoreSelection.PassedOver]?

    init(set: Timestamp, component: String, _ plan: ComponentRestore.Plan) {
        self.set = set
        self.component = component
        target = plan.target
        replaces = plan.replaces
        files = plan.files
        bytes = plan.bytes
        obstacles = plan.obstacles
        notes = plan.notes
    }

    var text: String {
        var lines = [
            "would restore \(component) of set \(set) to \(target): \(Units.count(files, "file")), \(Units.bytes(bytes))"
                + (replaces ? "; the existing files would be kept beside it" : "")
        ]
        lines += obstacles.map { "conflict: \($0)" } + (notes ?? []).map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }
}
