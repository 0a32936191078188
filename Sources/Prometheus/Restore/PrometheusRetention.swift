/// The retention in effect on a server, from its `storageRetention`: "15d", "1GiB476MiB", "15d or 512MiB".
struct PrometheusRetention: Equatable {
    /// Milliseconds; nil when time does not limit it.
    var time: Int?
    /// Bytes; nil when size does not limit it.
    var size: Int?
    /// Per cent of the volume that the data are on; nil when it does not limit them.
    var percentage: Double?
    /// True if a part of the text is not understood, or the text is empty: there may be an unknown limit.
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
