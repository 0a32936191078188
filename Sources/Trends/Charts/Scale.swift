internal import Glibc
internal import Platform

/// The values of an axis: from zero to a round number above the largest, with round steps.
package struct Scale {
    package let top: Double
    package let step: Double

    /// - Parameters:
    ///   - largest: the largest value. If it is not above zero, or beyond 1e300, no steps fit and the scale is that of
    ///     1.
    ///   - steps: the approximate number of steps.
    package init(to largest: Double, steps: Int = 4, whole: Bool = false) {
        guard largest > 0, largest.isNormal, largest < 1e300 else {
            (top, step) = (1, 1)
            return
        }
        var unit = 1.0
        while unit * 10 <= largest / Double(steps) { unit *= 10 }
        while unit > largest / Double(steps) { unit /= 10 }
        let wanted = largest / Double(steps)
        var step = [1.0, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 >= wanted } ?? wanted
        if whole { step = max(1, step.rounded(.up)) }
        self.step = step
        top = (largest / step).rounded(.up) * step
    }

    package var values: [Double] { (0...max(0, Int(clamping: (top / step).rounded()))).map { Double($0) * step } }
}

/// Sizes and prices as labels.
package enum Label {
    /// Returns the binary unit that fits the largest of some sizes in bytes, with its name.
    package static func unit(for largest: Double) -> (bytes: Double, name: String) {
        let units: [(Double, String)] = [
            (1, "B"), (1_024, "KiB"), (1_048_576, "MiB"), (1_073_741_824, "GiB"), (1_099_511_627_776, "TiB"),
            (1_125_899_906_842_624, "PiB"),
        ]
        return units.last { largest >= $0.0 } ?? units[0]
    }

    package static func bytes(_ size: Double) -> String {
        let unit = unit(for: size)
        return "\(number(size / unit.bytes)) \(unit.name)"
    }

    /// Formats a number with three significant digits: 0.00123, 1.23, 12.3, 123, 1234.
    package static func number(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        guard abs(value) < 1e15 else {
            let exponent = log10(abs(value)).rounded(.down)
            return "\(number(value / pow(10, exponent)))e\(Int(clamping: exponent))"
        }
        var places = 2
        var bound = 1.0
        while abs(value) < bound, places < 8 {
            bound /= 10
            places += 1
        }
        if abs(value) >= 100 { places = 0 } else if abs(value) >= 10 { places = 1 }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let digits = Int(clamping: (abs(value) * scale).rounded())
        let whole = digits / Int(clamping: scale), part = digits % Int(clamping: scale)
        var text = "\(value < 0 ? "-" : "")\(whole)"
        if part > 0 {
            let digits = String(part)
            var fraction = String(repeating: "0", count: places - digits.count) + digits
            while fraction.last == "0" { fraction.removeLast() }
            text += "." + fraction
        }
        return text
    }
}
