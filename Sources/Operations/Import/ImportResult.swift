package import BackupRepository
import FoundationEssentials
import Platform

/// The result of `dr import`.
package struct ImportResult: Encodable, Sendable {
    package struct Imported: Encodable, Sendable {
        /// The name of the backup at the source.
        package var source: String
        /// The set; in a dry run, the name that it would have if that is free.
        package var set: Timestamp
        /// The time of the other tool's backup.
        package var time: Timestamp
        package var components: [String: Component]
        /// True if the set lacks nothing of what was read.
        package var isWhole: Bool
        /// The reasons why it lacks something, and the remarks of the kinds.
        package var reasons: [String]
    }

    package struct Component: Encodable, Sendable {
        /// Absent in a dry run.
        package var files: Int?
        package var bytes: Int?
        package var damaged: Int?
        /// The time of the newest datum, in milliseconds since 1970; nil if it is not known.
        package var newestDatum: Int?
        /// The files at the source.
        package var read: [String]
    }

    package struct Skipped: Encodable, Sendable {
        package var source: String
        /// The set that holds it already.
        package var set: Timestamp
    }

    package struct Refused: Encodable, Sendable {
        package var source: String
        /// A stable word: "archive_truncated".
        package var reason: String
        package var message: String
    }

    package var format: String
    package var from: [String]
    package var dryRun: Bool
    package var imported: [Imported] = []
    package var skipped: [Skipped] = []
    package var refused: [Refused] = []
    package var notes: [String] = []

    package var text: String {
        var lines: [String] = []
        for item in imported {
            let components = item.components.sorted { $0.key < $1.key }.map { name, part in
                [
                    name, part.files.map { Units.count($0, "file") }, part.bytes.map(Units.bytes),
                    part.newestDatum.map { "newest datum \(Units.moment(milliseconds: $0))" },
                ].compactMap(\.self).joined(separator: ", ")
            }
            let verb = dryRun ? "would import" : "imported"
            lines.append("\(verb) \(item.source) as set \(item.set): \(components.joined(separator: "; "))")
            lines += item.reasons.map { "  \($0)" }
        }
        lines += skipped.map { "skipped \($0.source): set \($0.set) holds it already" }
        lines += refused.map { "REFUSED \($0.source): \($0.message)" }
        lines.append(
            "\(imported.count) \(dryRun ? "to import" : "imported"), \(skipped.count) skipped, \(refused.count) refused"
        )
        return lines.joined(separator: "\n")
    }
}
