import Foundation
import Repository

/// What a backup did, as metrics for node exporter's textfile collector: the file is replaced in one step, so that no
/// scrape sees half of it.
struct BackupMetrics {
    private let set: BackupSet
    private let proofs: ComponentProofs?

    /// - Parameter proofs: nil where the marks could not be read.
    init(_ set: BackupSet, _ proofs: ComponentProofs?) {
        self.set = set
        self.proofs = proofs
    }

    func write(to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
            // The exporter runs as a user of its own.
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        } catch {
            throw MetricsError(path: path, detail: error.localizedDescription)
        }
    }

    /// The text exposition format, version 0.0.4.
    var text: String {
        var lines: [String] = []
        func family(_ name: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            lines.append("# HELP \(name) \(help)")
            lines.append("# TYPE \(name) gauge")
            lines += samples.map { "\(name)\($0.labels) \($0.value)" }
        }
        let stack = "stack=\"\(Self.escaped(set.stack ?? ""))\""
        family(
            "dr_backup_timestamp_seconds", "When the newest set was committed.",
            [("{\(stack)}", "\(set.finished.seconds)")])
        family(
            "dr_backup_complete", "1 when the newest set is complete, 0 when it is partial.",
            [
                ("{\(stack)}", set.status == .complete ? "1" : "0")
            ])
        let parts = set.components.sorted { $0.key < $1.key }.map {
            (labels: "{\(stack),component=\"\($0.key)\"}", part: $0.value)
        }
        let failed = set.failed.keys.sorted().map { (labels: "{\(stack),component=\"\($0)\"}", value: "0") }
        family(
            "dr_backup_component_success", "1 when the component is whole in the newest set.",
            parts.map { ($0.labels, $0.part.damaged == 0 ? "1" : "0") } + failed)
        family(
            "dr_backup_newest_datum_timestamp_seconds", "Time of the newest datum in the newest set.",
            parts.map {
                ($0.labels, Units.fixed(Double($0.part.watermark ?? $0.part.captured.seconds * 1000) / 1000, 3))
            })
        family(
            "dr_backup_duration_seconds", "From capture to manifest.", parts.map { ($0.labels, "\($0.part.seconds)") })
        family(
            "dr_backup_size_bytes", "Plain bytes of the component's files.",
            parts.map { ($0.labels, "\($0.part.bytes)") })
        family("dr_backup_files", "Files of the component.", parts.map { ($0.labels, "\($0.part.files)") })
        family(
            "dr_backup_stored_bytes", "Bytes that the newest set added to the store.",
            parts.map { ($0.labels, "\($0.part.added.stored)") })
        for (name, help, times) in [
            (
                "dr_last_verified_timestamp_seconds",
                "When every byte of a set that holds the component was last proved; absent for never.",
                proofs?.verified
            ),
            (
                "dr_last_drilled_timestamp_seconds",
                "When a set that holds the component was last restored in a drill; absent for never.", proofs?.drilled
            ),
        ] {
            guard let times, !times.isEmpty else { continue }
            family(
                name, help,
                times.sorted { $0.key < $1.key }.map {
                    ("{\(stack),component=\"\($0.key)\"}", "\($0.value.seconds)")
                })
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

struct MetricsError: Error, CustomStringConvertible {
    var path: String
    var detail: String
    var description: String { "metrics '\(path)': \(detail)" }
}
