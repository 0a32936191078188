/// Sizes in bytes as `dr.yaml` and the command line write them: `8388608`, `8MiB`, `8MB`.
package enum ByteCount {
    private static let units = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("kB", 1000), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ]

    /// The size as `parse` reads it, rounded up to at most four digits: `132MiB`.
    package static func text(_ bytes: Int) -> String {
        let fitting = units.prefix(4).first { bytes <= 9999 * $0.1 } ?? units[3]
        let whole = min(max(1, bytes / fitting.1 + (bytes % fitting.1 > 0 ? 1 : 0)), 9999)
        return "\(whole)\(fitting.0)"
    }

    /// Parses a size; nil if the text is not a size or exceeds the range of `Int`.
    package static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        if unit.isEmpty { return count }
        guard let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
