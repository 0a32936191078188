import Foundation

/// The format of figures in the table.
enum BenchText {
    static func seconds(_ value: Double) -> String {
        value < 0.0995 ? "\(Int((value * 1000).rounded())) ms" : "\(fixed(value, value < 9.95 ? 2 : 1)) s"
    }

    static func mebibytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / Double(1 << 20), 0)) MiB" }

    static func megabytes(_ bytes: Int) -> String {
        bytes < 1_000_000 ? "\(fixed(Double(bytes) / 1000, 0)) kB" : "\(fixed(Double(bytes) / 1_000_000, 0)) MB"
    }

    static func ratio(_ value: Double, to other: Double?) -> String {
        guard let other, other > 0 else { return "" }
        return fixed(value / other, 2)
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        value.formatted(.number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US")))
    }
}
