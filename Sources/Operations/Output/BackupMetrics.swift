import BackupRepository
import FoundationEssentials
package import Platform

/// A backup as metrics for node exporter's textfile collector. The file is replaced in one step, so that a scrape never
/// reads a part of it.
///
/// If a component fails or is not part of the backup, its series show the newest set that holds it whole.
struct BackupMetrics {
    private let set: BackupSet
    private let latest: RestoreSelection
    private let proofs: ComponentProofs?
    private let recipients: [RecipientProof]

    /// - Parameters:
    ///   - latest: for each configured component, the newest set that holds it whole.
    ///   - proofs: nil if the marks could not be read.
    ///   - recipients: empty if they could not be read.
    init(_ set: BackupSet, latest: RestoreSelection, proofs: ComponentProofs?, recipients: [RecipientProof] = []) {
        self.set = set
        self.latest = latest
        self.proofs = proofs
        self.recipients = recipients
    }

    func write(to path: String) throws { try Self.write(text, to: path) }

    private static func write(_ text: String, to path: String) throws {
        do {
            // The exporter's user may own the folder, so a symbolic link of that user is not followed.
            try OutputFile.write(Array(text.utf8), to: path, mode: 0o644, links: .refuse)
        } catch {
            throw MetricsError(path: path, detail: FileFailure.text(error))
        }
    }

    // MARK: A run without a set

    /// Records a run without a set. The other metrics of the file stay, since they are still true.
    static func noteFailure(at time: Timestamp, stack: String, in path: String) throws {
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let kept = old.split(whereSeparator: \.isNewline).filter { line in
            !attemptFamilies.contains { family in
                ["# HELP \(family) ", "# TYPE \(family) ", "\(family){", "\(family) "].contains { line.hasPrefix($0) }
            }
        }
        let lines = kept.map(String.init) + attempt(at: time, succeeded: false, label(stack))
        try write(lines.joined(separator: "\n") + "\n", to: path)
    }

    private static let attemptTime = "dr_backup_last_attempt_timestamp_seconds"
    private static let attemptSuccess = "dr_backup_last_attempt_success"
    private static let attemptFamilies = [attemptTime, attemptSuccess]

    private static func attempt(at time: Timestamp, succeeded: Bool, _ stack: String) -> [String] {
        family(attemptTime, "Start time of the newest backup run.", samples: [("{\(stack)}", "\(time.seconds)")])
            + family(
                attemptSuccess, "1 if the newest run wrote a set, complete or partial; 0 if it did not.",
                samples: [("{\(stack)}", succeeded ? "1" : "0")])
    }

    // MARK: Text

    private typealias Samples = [(labels: String, value: String)]

    private static func family(_ name: String, _ help: String, samples: Samples) -> [String] {
        guard !samples.isEmpty else { return [] }
        return ["# HELP \(name) \(help)", "# TYPE \(name) gauge"] + samples.map { "\(name)\($0.labels) \($0.value)" }
    }

    private static func label(_ stack: String) -> String { "stack=\"\(escaped(stack))\"" }

    /// The text exposition format, version 0.0.4.
    var text: String {
        let stack = Self.label(set.stack ?? "")
        var lines = Self.family(
            "dr_backup_timestamp_seconds", "Commit time of the newest set.",
            samples: [("{\(stack)}", "\(set.finished.seconds)")])
        lines += Self.family(
            "dr_backup_complete",
            "1 if the newest set holds every configured component whole, 0 if it is partial.",
            samples: [("{\(stack)}", set.status == .complete ? "1" : "0")])
        lines += Self.attempt(at: set.started, succeeded: true, stack)
        let names = Set(set.components.keys).union(set.failed.keys).union(latest.parts.keys).sorted()
        func each(_ value: (String) -> String?) -> Samples {
            names.compactMap { name in value(name).map { ("{\(stack),component=\"\(name)\"}", $0) } }
        }
        func part(_ name: String) -> BackupSet.Component? {
            latest.parts[name]?.set.components[name] ?? set.components[name]
        }
        lines += Self.family(
            "dr_backup_component_success",
            "1 if the component is whole in the newest set of a backup that included it.", samples: each(success))
        lines += Self.family(
            "dr_backup_newest_datum_timestamp_seconds",
            "Time of the newest datum in the newest set that holds the component whole.",
            samples: each { name in part(name).flatMap(Self.newestDatum) })
        lines += Self.family(
            "dr_backup_duration_seconds", "Seconds from the capture to the manifest.",
            samples: each { part($0).map { "\($0.seconds)" } })
        lines += Self.family(
            "dr_backup_size_bytes", "Uncompressed bytes of the component's files.",
            samples: each { part($0).map { "\($0.bytes)" } })
        lines += Self.family(
            "dr_backup_files", "Files of the component.", samples: each { part($0).map { "\($0.files)" } })
        lines += Self.family(
            "dr_backup_stored_bytes", "Bytes that the set added to the store.",
            samples: each { part($0).map { "\($0.added.stored)" } })
        for (name, help, times) in [
            (
                "dr_last_verified_timestamp_seconds",
                "Time when a set with the component was last verified completely; absent for never.",
                proofs?.verified
            ),
            (
                "dr_last_drilled_timestamp_seconds",
                "Time when a set with the component was last restored in a drill; absent for never.", proofs?.drilled
            ),
        ] {
            lines += Self.family(
                name, help,
                samples: (times ?? [:]).sorted { $0.key < $1.key }.map {
                    ("{\(stack),component=\"\($0.key)\"}", "\($0.value.seconds)")
                })
        }
        lines += Self.family(
            "dr_recovery_key_tested_timestamp_seconds",
            "Time when the recovery key of a recipient last opened a backup; absent for never.",
            samples: recipients.compactMap { recipient in
                recipient.tested.map { ("{\(stack),fingerprint=\"\(recipient.fingerprint)\"}", "\($0.seconds)") }
            })
        lines += Self.family(
            "dr_recovery_key_tested", "1 if the recovery key of a recipient opened a backup within 90 days, else 0.",
            samples: recipients.map {
                ("{\(stack),fingerprint=\"\($0.fingerprint)\"}", $0.verdict == .tested ? "1" : "0")
            })
        return lines.joined(separator: "\n") + "\n"
    }

    /// The result of a component. If this run did not include it, the result of the newest run that did.
    private func success(_ name: String) -> String? {
        if let part = set.components[name] { return part.isWhole ? "1" : "0" }
        if set.failed[name] != nil { return "0" }
        guard let latest = latest.parts[name] else { return nil }
        return latest.isCurrent && latest.set.components[name]?.isWhole == true ? "1" : "0"
    }

    /// The time of the newest datum; nil if there is none, its time is unknown, or a clock was wrong.
    private static func newestDatum(_ part: BackupSet.Component) -> String? {
        guard part.datum == nil, let time = part.newestDatum else { return nil }
        return Units.fixed(Double(time) / 1000, 3)
    }

    static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

package struct MetricsError: OperationError {
    package var path: String
    package var detail: String
    package var reasonCode: String { "file_error" }
    package var place: ErrorPlace { ErrorPlace(object: path, text: "metrics '\(path)' cannot be written") }
}
