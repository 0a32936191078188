import Trends
import Platform

/// A picture within a page: its colours come from the style sheet, by classes.
struct SVGText {
    private var elements: [String] = []
    let width: Double
    let height: Double

    init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

    /// - Parameter attributes: written as they are, except that values are escaped.
    mutating func add(_ name: String, _ attributes: [(String, String)], text: String? = nil) {
        elements.append(Self.element(name, attributes, text: text.map(Drawing.escaped)))
    }

    mutating func line(_ from: (x: Double, y: Double), _ to: (x: Double, y: Double), style: String) {
        add(
            "line",
            [
                ("x1", Self.n(from.x)), ("y1", Self.n(from.y)), ("x2", Self.n(to.x)), ("y2", Self.n(to.y)),
                ("class", style),
            ])
    }

    mutating func text(_ text: String, x: Double, y: Double, style: String = "", anchor: String = "start") {
        add("text", [("x", Self.n(x)), ("y", Self.n(y)), ("class", style), ("text-anchor", anchor)], text: text)
    }

    mutating func curve(_ points: [(x: Double, y: Double)], style: String, closed: Bool = false) {
        let path = points.map { "\(Self.n($0.x)),\(Self.n($0.y))" }.joined(separator: " ")
        add(closed ? "polygon" : "polyline", [("points", path), ("class", style)])
    }

    mutating func open(_ name: String, _ attributes: [(String, String)]) {
        elements.append(String(Self.element(name, attributes, text: "").dropLast("</\(name)>".count)))
    }

    mutating func close(_ name: String) { elements.append("</\(name)>") }

    /// - Parameter title: the description for screen readers.
    func svg(title: String, style: String) -> String {
        """
        <svg class="\(style)" viewBox="0 0 \(Self.n(width)) \(Self.n(height))" width="\(Self.n(width))" \
        height="\(Self.n(height))" role="img" aria-label="\(Drawing.escaped(title))">\(elements.joined())</svg>
        """
    }

    private static func element(_ name: String, _ attributes: [(String, String)], text: String?) -> String {
        let written = attributes.filter { !$0.1.isEmpty }.map { " \($0.0)=\"\(Drawing.escaped($0.1))\"" }.joined()
        return "<\(name)\(written)>\(text ?? "")</\(name)>"
    }

    /// Formats a coordinate to a tenth of a pixel, within a picture's bounds.
    static func n(_ value: Double) -> String {
        let tenths = Int(clamping: (min(max(value.isFinite ? value : 0, -1e5), 1e5) * 10).rounded())
        let digits = abs(tenths)
        return (tenths < 0 ? "-" : "") + "\(digits / 10)" + (digits % 10 == 0 ? "" : ".\(digits % 10)")
    }
}
