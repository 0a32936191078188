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

    // MARK: Pages

    /// The table as a page's template reads it.
    package struct View {
        var titles: [Cell]
        var rows: [Row]
    }

    struct Row {
        var cells: [Cell]
    }

    struct Cell {
        var text: String
        var isRight: Bool
    }

    package var view: View {
        func cells(_ texts: [String]) -> [Cell] {
            zip(columns, texts).map { column, text in Cell(text: text, isRight: column.alignment == .right) }
        }
        return View(titles: cells(columns.map(\.title)), rows: rows.map { Row(cells: cells($0)) })
    }
}
