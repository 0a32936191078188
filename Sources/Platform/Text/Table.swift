/// A plain text table: two spaces between columns, numbers to the right.
package struct Table {
    package enum Alignment { case left, right }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    package init(_ columns: [(String, Alignment)]) { self.columns = columns.map { ($0.0, $0.1) } }

    package mutating func add(_ cells: [String]) { rows.append(cells.map(\.printable)) }

    package var text: String {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { Terminal.columns(of: $0[column]) }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - Terminal.columns(of: cell))
                line += columns[column].alignment == .left ? cell + space : space + cell
                if column < row.count - 1 { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// The same as an HTML table.
    package var html: String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>"
                + zip(columns, cells).map { column, cell in
                    let text = cell.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
                    return "<\(tag)\(column.alignment == .right ? " class=\"right\"" : "")>\(text)</\(tag)>"
                }.joined() + "</tr>"
        }
        return (["<table>", row(columns.map(\.title), "th")] + rows.map { row($0, "td") } + ["</table>"])
            .joined(separator: "\n")
    }
}
