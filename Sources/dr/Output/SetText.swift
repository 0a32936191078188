import BackupRepository
import Operations
import Platform

/// A backup set as text.
enum SetText {
    /// After a backup, and at the head of `dr show`.
    /// - Parameter recording: seconds for the recorded queries after the set was written; nil if unknown.
    static func summary(_ set: BackupSet, recording: Int? = nil) -> String {
        let seconds = set.finished.seconds - set.started.seconds
        let after = recording.flatMap { $0 > 0 ? ", recording queries \(Units.duration(seconds: $0))" : nil } ?? ""
        var lines = ["set \(set.name): \(set.status.rawValue), took \(Units.duration(seconds: seconds))\(after)"]
        lines.append(components(set))
        for (name, reason) in set.failed.sorted(by: { $0.key < $1.key }) { lines.append("\(name): FAILED: \(reason)") }
        return lines.joined(separator: "\n")
    }

    static func encryption(_ encryption: SetEncryption) -> String {
        "encryption: " + (encryption.remark.map { "the set \($0)" } ?? "every pack is encrypted")
    }

    private static func components(_ set: BackupSet) -> String {
        var table = Table([
            ("COMPONENT", .left), ("NEWEST DATUM", .left), ("FILES", .right), ("SIZE", .right), ("NEW FILES", .right),
            ("NEW DATA", .right), ("STORED", .right), ("DAMAGED", .right), ("TIME", .right),
        ])
        for (name, part) in set.components.sorted(by: { $0.key < $1.key }) {
            table.add([
                name, Units.moment(milliseconds: part.watermark), "\(part.files)", Units.bytes(part.bytes),
                "\(part.added.files)", Units.bytes(part.added.bytes), Units.bytes(part.added.stored),
                part.damaged == 0 ? "-" : "\(part.damaged)", Units.duration(part.seconds),
            ])
        }
        return table.text
    }
}
