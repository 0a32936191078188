import Testing
import Trends

@Suite struct ScaleTests {
    @Test(arguments: [
        0, -1, .nan, .infinity, .leastNonzeroMagnitude, 1e-5, 7, 4.2e22, 1e299, Double.greatestFiniteMagnitude,
    ])
    func `an axis has a few steps whatever the largest value is`(largest: Double) {
        for whole in [false, true] {
            let scale = Scale(to: largest, whole: whole)
            #expect((1...12).contains(scale.values.count) && scale.top.isFinite)
        }
    }

    @Test(arguments: [(4.2e22, "4.2e22"), (-1e300, "-1e300"), (.nan, "0"), (1234, "1234"), (0.00123, "0.00123")])
    func `a label is short whatever its value is`(value: Double, text: String) {
        #expect(Label.number(value) == text)
    }

    @Test func `a drawing takes places that are not numbers`() {
        var drawing = Drawing(width: 10, height: 10)
        drawing.line(from: (.nan, -.infinity), to: (1e300, -1e300), stroke: "#000")
        #expect(drawing.svg(title: "odd").contains("<line"))
    }
}
