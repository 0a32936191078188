internal import BackupRepository
internal import Documents

/// The places of the documents in the tree of a backup.
enum AlertmanagerTree {
    /// Version and cluster.
    static let status = "alertmanager.json"
    /// The running configuration, as the server shows it.
    static let configuration = "alertmanager.yml"
    static let silences = "silences"

    static func path(of silence: Silence) -> String { "\(silences)/\(DocumentTree.name(for: silence.id)).json" }

    static func isSilence(_ path: String) -> Bool { path.hasPrefix("\(silences)/") && path.hasSuffix(".json") }

    /// The defect of one document's content; nil for a valid one.
    static func defect(of path: String, _ content: [UInt8]) -> String? {
        if path == configuration {
            return RunningConfiguration(String(decoding: content, as: UTF8.self)).isWhole
                ? nil : "it has no 'route' or no 'receivers'"
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: content)
        } catch { return "it is not JSON: \(error)" }
        guard isSilence(path) else { return value.object == nil ? "it is not an object" : nil }
        do throws(SilenceDefect) {
            _ = try Silence(value)
            return nil
        } catch { return "\(error)" }
    }
}
