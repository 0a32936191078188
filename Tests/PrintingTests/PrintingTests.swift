import Foundation
import Lab
import Testing

@testable import Printing

/// QR codes and PDF documents, read by other programs.
@Suite struct PrintingTests {
    /// Draws a code as a bitmap that `zbarimg` reads.
    private func bitmap(_ code: QRCode, scale: Int = 3) -> Data {
        let side = (code.width + 2 * QRCode.margin) * scale
        var pixels = [UInt8](repeating: 255, count: side * side)
        for row in 0..<code.width {
            for run in code.runs(inRow: row) {
                for y in (row + QRCode.margin) * scale..<(row + QRCode.margin + 1) * scale {
                    let x = (run.lowerBound + QRCode.margin) * scale
                    for offset in 0..<run.count * scale { pixels[y * side + x + offset] = 0 }
                }
            }
        }
        return Data("P5 \(side) \(side) 255\n".utf8) + Data(pixels)
    }

    @Test(arguments: [1, 100, 700, 2000]) func `zbar reads a code back`(_ count: Int) async throws {
        let folder = try TemporaryFolder("qr")
        let text = String((0..<count).map { "abcdefghijklmnopqrstuvwxyz0123456789+/=\n"[$0 % 40] })
        let code = try #require(QRCode(Array(text.utf8)))
        let file = folder.url.appending(path: "code.pgm")
        try bitmap(code).write(to: file)
        let read = try await CommandRun.run("/usr/bin/env", ["zbarimg", "--quiet", "--raw", file.path])
        #expect(read.status == 0)
        #expect(read.output == text + "\n")
    }

    @Test func `what fits no code is refused`() {
        #expect(QRCode([]) == nil)
        #expect(QRCode([UInt8](repeating: 65, count: 3000)) == nil)
    }

    @Test func `a document has the text, and continues on a second page`() async throws {
        let folder = try TemporaryFolder("pdf")
        var document = try PDFDocument(title: "Title (with) \\ ä")
        try document.paragraph(Array(repeating: "words", count: 40).joined(separator: " "), .text, size: 9)
        try document.write((1...150).map { "line \($0) of ä and 漢" }, .code, size: 6)
        let file = folder.url.appending(path: "page.pdf")
        try Data(document.data()).write(to: file)
        let text = try await CommandRun.run("/usr/bin/env", ["pdftotext", "-layout", file.path, "-"])
        #expect(text.status == 0)
        #expect(text.output.contains("line 1 of ä and ?") && text.output.contains("line 150 of"))
        #expect(text.output.split(separator: "\u{c}", omittingEmptySubsequences: false).count == 3)
        // No line of the paragraph leaves the page.
        let words = text.output.split(separator: "\n").filter { $0.contains("words") }
        #expect(words.count > 1 && words.joined(separator: " ").split(separator: " ").count { $0 == "words" } == 40)
    }
}

extension String {
    fileprivate subscript(_ index: Int) -> Character { self[self.index(startIndex, offsetBy: index)] }
}
