internal import Glibc

/// Numbers as people read them.
package enum Units {
    /// Returns the number with its noun: "1 pack", "2 packs".
    package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// `1.4 GiB`; exact below a kibibyte.
    package static func bytes(_ count: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(count)
        var unit = 0
        while abs(value) >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0)) \(units[unit])"
    }

    /// `45s`, `12m 3s`, `3h 20m`, `5d 4h`.
    package static func duration(seconds: Int) -> String {
        let sign = seconds < 0 ? "-" : ""
        let seconds = abs(max(seconds, -.max))
        switch seconds {
        case ..<60: return "\(sign)\(seconds)s"
        case ..<3600: return "\(sign)\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: return "\(sign)\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: return "\(sign)\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }

    package static func duration(_ seconds: Double) -> String {
        seconds < 60 ? "\(fixed(seconds, 1))s" : duration(seconds: Int(clamping: seconds))
    }

    package static func percent(_ part: Int, of whole: Int) -> String {
        whole == 0 ? "-" : "\(fixed(Double(part) * 100 / Double(whole), 0))%"
    }

    package static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let whole = Int(clamping: (abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let digits = String(whole)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }

    /// With a number of significant digits, as C's `%.4g`.
    package static func significant(_ value: Double, digits: Int) -> String {
        withVaList([value]) { values in
            String(unsafeUninitializedCapacity: 64) { buffer in
                buffer.withMemoryRebound(to: CChar.self) {
                    min(Int(vsnprintf($0.baseAddress, $0.count, "%.\(min(digits, 17))g", values)), $0.count - 1)
                }
            }
        }
    }

    /// `1 hour, 30 minutes`, `1 second`.
    package static func spelled(_ duration: Duration) -> String {
        let seconds = Int(clamping: duration.components.seconds)
        let parts = [(seconds / 3600, "hour"), (seconds % 3600 / 60, "minute"), (seconds % 60, "second")]
        let words = parts.filter { $0.0 > 0 }.map { count($0.0, $0.1) }
        return words.isEmpty ? "0 seconds" : words.joined(separator: ", ")
    }
}
