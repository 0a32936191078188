/// Numbers as the exposition formats write them.
enum MetricNumber {
    /// Whole numbers have no fraction and no exponent: "1764457200", "0.25", "+Inf".
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    /// A bound of a histogram. OpenMetrics 1.0 wants the shortest form of a float, so 1 is "1.0".
    static func bound(_ value: Double) -> String { value.isInfinite ? "+Inf" : "\(value)" }
}
