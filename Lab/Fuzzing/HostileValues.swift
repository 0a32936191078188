/// Values that documents and servers should not contain, and some that only look wrong.
enum HostileValues {
    /// As JSON text; some are not valid JSON.
    static let numbers: [String] = [
        "-1", "0", "1", "-0", "4096", "4097", "65536", "2147483648", "4294967296", "9007199254740993",
        "253402300800", "99999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "1e300", "-1e300", "1e-300", "1e19", "1.5", "-0.5", "NaN", "Infinity", "1e9999", "0x10",
        String(repeating: "9", count: 400),
    ]

    /// A folder that a restore must never write to.
    static let outside = "/tmp/dr-fuzz-outside"

    static let strings: [String] = [
        "", ".", "..", "../outside", "../../outside/x", "\(outside)/x", "a/../../outside/x", "a//b", "a/", "/", "a/./b",
        "a\u{0}b", "\u{1b}[31m", "\u{202e}", "A B", "\u{e9}\u{301}", "a\nb", "a\r\nb", "${x}", "{{x}}", "%00",
        "%2e%2e%2f",
        "NaN", "+Inf", "-Inf", "1e300", "-1", "0x7f", "9223372036854775808", "true", "null",
        "00000101T000000Z", "99999999T999999Z", "99991231T235959Z", "20260230T000000Z", "19691231T235959Z",
        "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
        "2026-11-29T00:00:00.999999999999999999Z", "P99999999999D", "99999999999d", "1e9h", "-5m",
        "9223372036854775807s",
        String(repeating: "0", count: 32), String(repeating: "f", count: 64), String(repeating: "g", count: 32),
        String(repeating: "x", count: 300), String(repeating: "a/", count: 3000),
        String(repeating: "\u{1F600}", count: 5000),
        "file", "directory", "link", "cms", "complete", "void", "committed",
    ]
}
