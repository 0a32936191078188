/// Prometheus' notation of sizes: "512MiB", "1GiB476MiB". All units are powers of two, also those without an "i".
enum PrometheusSize {
    private static let shifts = [
        "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50, "EiB": 60, "KB": 10, "MB": 20, "GB": 30,
        "TB": 40, "PB": 50, "EB": 60,
    ]

    /// Bytes; nil when `text` is not a size of this form, or larger than an integer holds.
    static func parse(_ text: String) -> Int? {
        var total = 0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            rest = rest.dropFirst(digits.count + unit.count)
            guard let shift = shifts[String(unit)], let part = bytes(digits, shift) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    private static func bytes(_ digits: Substring, _ shift: Int) -> Int? {
        if let count = Int(digits) {
            let (product, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
            return overflow ? nil : product
        }
        return Double(digits).flatMap { Int(exactly: ($0 * Double(1 << shift)).rounded()) }
    }
}
