/// The retention that applies on a server, from its `storageRetention`: "15d", "1GiB476MiB", "15d or 512MiB".
struct PrometheusRetention: Equatable {
    /// Milliseconds; nil when time does not limit it.
    var time: Int?
    /// Bytes; nil when size does not limit it.
    var size: Int?
    /// Per cent of the volume that the data are on; nil when it does not limit them.
    var percentage: Double?
    /// True when a part of the text was not understood, or nothing is there: there may be a limit that is not known.
    var isUnclear = false

    init(_ text: String) {
        let parts = text.split(separator: " or ")
        isUnclear = parts.isEmpty
        for part in parts.map(String.init) {
            if let bytes = PrometheusSize.parse(part) {
                size = bytes
            } else if let milliseconds = PrometheusDuration.parse(part) {
                time = milliseconds
            } else if part.hasSuffix("%"), let share = Double(part.dropLast()), (0...100).contains(share) {
                percentage = share
            } else {
                isUnclear = true
            }
        }
    }
}
