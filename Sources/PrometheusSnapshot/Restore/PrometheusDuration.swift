/// Prometheus' way of writing durations and retentions: "15d", "1w2d", "1h30m"; "15d or 512MiB".
package enum PrometheusDuration {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ("ms", 1),
    ]

    /// Milliseconds; nil when `text` is not a duration of this form.
    package static func parse(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var total = 0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            rest = rest.dropFirst(digits.count + unit.count)
            guard let count = Int(digits), let factor = units.first(where: { $0.name == unit })?.milliseconds else {
                return nil
            }
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            let (sum, overflowAgain) = total.addingReportingOverflow(product)
            guard !overflow, !overflowAgain else { return nil }
            total = sum
        }
        return total
    }

    /// What applies on a server, from its `storageRetention`.
    struct Retention: Equatable {
        /// Milliseconds; nil when time does not limit it.
        var time: Int?
        /// Bytes; nil when size does not limit it.
        var size: Int?

        init(_ text: String) {
            for part in text.components(of: " or ") {
                if let bytes = Self.bytes(part) { size = bytes } else { time = PrometheusDuration.parse(part) }
            }
        }

        private static func bytes(_ text: String) -> Int? {
            let units = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50]
            let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let count = Double(digits), let shift = units[String(text.dropFirst(digits.count))] else {
                return nil
            }
            return Int(exactly: (count * Double(1 << shift)).rounded())
        }
    }
}

extension String {
    fileprivate func components(of separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: true).map(String.init)
    }
}
