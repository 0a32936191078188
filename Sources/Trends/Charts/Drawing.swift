internal import Platform

/// An SVG document under construction: self-contained, without scripts and fonts.
package struct Drawing {
    package enum Anchor: String { case start, middle, end }

    package let width: Double
    package let height: Double
    private var elements: [String] = []

    package init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    package mutating func rectangle(x: Double, y: Double, width: Double, height: Double, fill: String) {
        elements.append(
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" fill=\"\(fill)\"/>")
    }

    package mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), stroke: String, width: Double = 1
    ) {
        elements.append(
            "<line x1=\"\(n(start.x))\" y1=\"\(n(start.y))\" x2=\"\(n(end.x))\" y2=\"\(n(end.y))\" stroke=\"\(stroke)\""
                + " stroke-width=\"\(n(width))\"/>")
    }

    /// - Parameter fill: the colour of the area between the curve and `base`; nil for the line alone.
    package mutating func curve(
        _ points: [(x: Double, y: Double)], stroke: String, base: Double = 0, fill: String? = nil
    ) {
        guard let first = points.first, let last = points.last else { return }
        let path = points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
        if let fill {
            elements.append(
                "<polygon points=\"\(n(first.x)),\(n(base)) \(path) \(n(last.x)),\(n(base))\" fill=\"\(fill)\"/>")
        }
        elements.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"1.5\"/>")
    }

    /// Draws the area between two curves over the same x positions.
    package mutating func band(
        _ upper: [(x: Double, y: Double)], _ lower: [(x: Double, y: Double)], fill: String
    ) {
        let path = (upper + lower.reversed()).map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
        elements.append("<polygon points=\"\(path)\" fill=\"\(fill)\"/>")
    }

    /// - Parameter y: the position of the base line.
    package mutating func text(
        _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 12,
        fill: String = "#333", bold: Bool = false
    ) {
        let weight = bold ? " font-weight=\"600\"" : ""
        elements.append(
            "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" font-size=\"\(n(size))\""
                + " fill=\"\(fill)\"\(weight)>\(Self.escaped(text))</text>")
    }

    /// - Parameters:
    ///   - title: the description for screen readers.
    ///   - background: a colour, or `none`.
    package func svg(title: String, background: String = "#fff") -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(width)) \(n(height))" width="\(n(width))" \
        height="\(n(height))" role="img" font-family="system-ui, 'DejaVu Sans', Arial, sans-serif">
        <title>\(Self.escaped(title))</title>
        <rect width="100%" height="100%" fill="\(background)"/>
        \(elements.joined(separator: "\n"))
        </svg>

        """
    }

    package static func escaped(_ text: String) -> String {
        // Most texts are numbers and words, and `replacing` is slow.
        guard text.utf8.contains(where: { "&<>\"".utf8.contains($0) }) else { return text }
        return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// Formats a coordinate to a tenth of a pixel. Positions far outside the picture are clamped.
    private func n(_ value: Double) -> String {
        let tenths = Int(clamping: (min(max(value, -1e6), 1e6) * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let digits = abs(tenths)
        return digits % 10 == 0 ? "\(sign)\(digits / 10)" : "\(sign)\(digits / 10).\(digits % 10)"
    }
}
