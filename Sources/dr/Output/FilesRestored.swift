import BackupRepository
import Operations
import Platform

/// What a restore into a directory did.
struct FilesRestored: Encodable {
    var set: Timestamp
    var component: String
    var target: String
    var kept: String?
    /// Where the old content was, when it was removed.
    var discarded: String?
    /// What does not have its owner or mode.
    var shortfall: OwnerShortfall?
    var files: Int
    var bytes: Int
    var reusedFiles: Int
    var reusedBytes: Int
    var fetchedBytes: Int
    var watermark: Int?
    var advice: [String]
    /// Paths that the backup itself lacks.
    var missing: [Damage]

    /// - Parameter isSlice: true where only a part of the component was restored, whose newest datum counts.
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
        watermark = isSlice ? report.newestDatum : manifest.watermark
        advice = report.advice
        missing = manifest.damage
    }

    var text: String {
        var lines = [
            "restored \(component) of set \(set) to \(target): \(files) files, \(Units.bytes(bytes))"
        ]
        if watermark != nil { lines.append("newest datum: \(Units.moment(milliseconds: watermark))") }
        if reusedFiles > 0 {
            lines.append("\(reusedFiles) files, \(Units.bytes(reusedBytes)), were here already")
        }
        if let kept { lines.append("the old content is kept in \(kept)") }
        if discarded != nil { lines.append("the old content is removed") }
        return lines.joined(separator: "\n")
    }
}

/// What a restore into a directory would do.
struct FilesPreview: Encodable {
    var set: Timestamp
    var component: String
    var dryRun = true
    var target: String
    /// Something is there, and would be kept beside it.
    var replaces: Bool
    var files: Int
    var bytes: Int
    /// What would make it stop: a server that runs on the target.
    var obstacles: [String]

    init(set: Timestamp, component: String, _ plan: ComponentRestore.Plan) {
        self.set = set
        self.component = component
        target = plan.target
        replaces = plan.replaces
        files = plan.files
        bytes = plan.bytes
        obstacles = plan.obstacles
    }

    var text: String {
        var lines = [
            "would restore \(component) of set \(set) to \(target): \(files) files, \(Units.bytes(bytes))"
                + (replaces ? "; what is there would be kept beside it" : "")
        ]
        lines += obstacles.map { "in the way: \($0)" }
        return lines.joined(separator: "\n")
    }
}
