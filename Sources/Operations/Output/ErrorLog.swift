import Logging
import Platform

/// Writes log lines to standard error, and drops lines that cannot be written.
struct ErrorLog: LogHandler {
    var logLevel = Logger.Level.warning
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let details = values.map { " \($0.key)=\("\($0.value)".printable)" }.joined()
        StandardError.write("dr: \(event.level): \("\(event.message)".printable)\(details)\n")
    }
}
