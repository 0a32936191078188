import Platform
import Testing

@Suite struct UnitsTests {
    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (10_240, "10.0 KiB"), (104_857_600, "100 MiB"),
        (-2048, "-2.00 KiB"), (Int.max, "8192 PiB"),
    ])
    func `sizes have three digits`(_ bytes: Int, _ text: String) { #expect(Units.bytes(bytes) == text) }

    @Test(arguments: [
        (0, "0s"), (59, "59s"), (60, "1m 0s"), (3599, "59m 59s"), (3600, "1h 0m"), (86_399, "23h 59m"),
        (90_000, "1d 1h"), (-90, "-1m 30s"), (Int.min, "-106751991167300d 15h"),
    ])
    func `durations have two units`(_ seconds: Int, _ text: String) {
        #expect(Units.duration(seconds: seconds) == text)
    }

    @Test(arguments: [
        (1.25, 1, "1.3"), (-0.4, 0, "0"), (-0.04, 1, "0.0"), (0.05, 1, "0.1"), (12, 0, "12"), (Double.nan, 1, "nan"),
    ])
    func `numbers are rounded, and a zero has no sign`(value: Double, places: Int, text: String) {
        #expect(Units.fixed(value, places) == text)
    }

    @Test func `a share of nothing is not a number`() {
        #expect(Units.percent(1, of: 3) == "33%")
        #expect(Units.percent(0, of: 0) == "-")
    }
}

@Suite struct TableTests {
    private static func table() -> Table {
        var table = Table([("NAME", .left), ("SIZE", .right)])
        table.add(["日本", "1"])
        table.add(["a<b", "100"])
        return table
    }

    @Test func `columns line up by width on the screen`() {
        #expect(Self.table().text == "NAME  SIZE\n日本     1\na<b    100")
    }

    @Test func `a cell cannot act on the terminal`() {
        var table = Table([("NAME", .left)])
        table.add(["\u{1B}[2J"])
        #expect(!table.text.contains("\u{1B}"))
    }
}
