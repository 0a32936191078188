import BackupRepository
import Printing

extension RecoveryKit {
    /// The kit as a PDF document: one page for most keys.
    package func pdf() throws -> [UInt8] {
        var document = try PDFDocument(title: title)
        try document.paragraph(title, .heading, size: 15)
        try document.paragraph("Made \(made.readable) UTC by dr. \(caution)", .text, size: 9)
        document.space(4)
        for fact in facts { try document.write(pair(fact), .code, size: 6.5) }
        for (number, step) in steps.enumerated() {
            document.space(4)
            try document.paragraph("\(number + 1). \(step.title). \(step.text)", .text, size: 9)
            for command in step.commands { try document.write(folded(command), .code, size: 6.5) }
        }
        guard let key else { return try document.data() }
        document.space(6)
        try document.paragraph(
            "Private key: \(key.subject), \(key.kind), SHA-256 \(key.fingerprint)", .heading, size: 8)
        document.space(4)
        let codes = try key.codes.enumerated().map { number, text in
            (code: try code(text), caption: "key, part \(number + 1)")
        }
        try document.draw(codes, side: PDFDocument.width / 4)
        document.space(4)
        try document.write(key.lines, .code, size: 6.5, columns: 2)
        return try document.data()
    }

    private func pair(_ fact: Fact) -> [String] {
        folded(fact.name.padded(to: 22) + fact.value)
    }

    /// Breaks a line where it would leave the page; a command continues after a backslash, as in a shell.
    private func folded(_ line: String) -> [String] {
        // Courier is 0.6 of its size wide.
        let most = Int(PDFDocument.width / (0.6 * 6.5))
        var lines: [String] = []
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, last.count + word.count + 3 <= most {
                lines[lines.count - 1] += " \(word)"
            } else {
                if !lines.isEmpty { lines[lines.count - 1] += " \\" }
                lines.append((lines.isEmpty ? "" : "    ") + word)
            }
        }
        return lines
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self + " "
    }
}
