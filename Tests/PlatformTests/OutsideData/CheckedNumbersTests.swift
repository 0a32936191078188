import Platform
import Testing

@Suite struct CheckedNumbersTests {
    @Test(
        arguments: [
            (Double.nan, nil, 0), (.infinity, nil, Int.max), (-.infinity, nil, Int.min), (1e300, nil, Int.max),
            (-1e300, nil, Int.min), (-0.0, 0, 0), (0x1p63, nil, Int.max), (-0x1p63, Int.min, Int.min),
            (9_223_372_036_854_774_784, 9_223_372_036_854_774_784, 9_223_372_036_854_774_784), (2.9, 2, 2),
            (-2.9, -2, -2),
            (.leastNonzeroMagnitude, 0, 0),
        ] as [(Double, Int?, Int)])
    func `a Double becomes an Int without a trap`(value: Double, checked: Int?, clamped: Int) {
        #expect(Int(checked: value) == checked)
        #expect(Int(clamping: value) == clamped)
    }

    @Test func `sums and products stop at the ends of the range`() {
        #expect(Int.max.addingClamped(1) == .max && Int.min.addingClamped(-1) == .min && 2.addingClamped(-3) == -1)
        #expect(Int.min.subtractingClamped(1) == .min && Int.max.subtractingClamped(-1) == .max)
        #expect(Int.max.multipliedClamped(by: 2) == .max && Int.max.multipliedClamped(by: -2) == .min)
        #expect([Int.max, .max, 3].clampedSum() == .max && [Int]().clampedSum() == 0)
    }
}
