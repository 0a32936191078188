import Logging
import Platform

/// Log lines on standard error; one that cannot be written is dropped.
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
