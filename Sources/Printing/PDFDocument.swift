internal import CHaru
package import Platform

/// A PDF document on A4 pages: lines of text and QR codes from the top down, with a new page where one is full.
package struct PDFDocument {
    package enum Font: Sendable { case text, heading, code }

    /// In points, 1/72 inch.
    private static let page = (width: 595.0, height: 842.0), border = 42.0

    private let owner: Owner
    private var document: HPDF_Doc { owner.document }
    private var page: HPDF_Page?
    /// The distance of the next line from the lower edge.
    private var height = 0.0

    /// The width between the borders, in points.
    package static var width: Double { page.width - 2 * border }

    /// - Throws: ``PDFError``.
    package init(title: String) throws {
        owner = try Owner()
        HPDF_SetInfoAttr(document, HPDF_INFO_TITLE, Self.encoded(title))
        try addPage()
    }

    private mutating func addPage() throws {
        page = HPDF_AddPage(document)
        HPDF_Page_SetSize(page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT)
        height = Self.page.height - Self.border
        try check()
    }

    package mutating func space(_ points: Double) { height -= points }

    /// Writes lines one below another, in equal columns that are filled one after another.
    package mutating func write(_ lines: [String], _ font: Font, size: Double, columns: Int = 1) throws {
        let perColumn = (lines.count + columns - 1) / max(columns, 1)
        let step = size * 1.25
        for row in 0..<perColumn {
            if height - step < Self.border { try addPage() }
            height -= step
            for column in 0..<columns {
                let index = column * perColumn + row
                guard index < lines.count else { continue }
                let x = Self.border + Self.width / Double(columns) * Double(column)
                try draw(lines[index], font, size: size, x: x)
            }
        }
    }

    /// Writes a paragraph, broken between words.
    package mutating func paragraph(_ text: String, _ font: Font, size: Double) throws {
        try write(try lines(of: text, font, size: size), font, size: size)
    }

    /// Draws codes side by side with a caption below each, in as many rows as they need.
    /// - Parameter side: of a code with its quiet zone, in points.
    package mutating func draw(_ codes: [(code: QRCode, caption: String)], side: Double) throws {
        let perRow = max(1, Int(Self.width / side))
        for start in stride(from: 0, to: codes.count, by: perRow) {
            if height - side - 12 < Self.border { try addPage() }
            height -= side
            for (place, item) in codes[start..<min(start + perRow, codes.count)].enumerated() {
                let x = Self.border + Double(place) * side
                try draw(item.code, x: x, side: side)
                height -= 8
                try draw(item.caption, .text, size: 7, x: x + 8)
                height += 8
            }
            height -= 14
        }
    }

    private func draw(_ code: QRCode, x: Double, side: Double) throws {
        let module = side / Double(code.width + 2 * QRCode.margin)
        let left = x + module * Double(QRCode.margin), top = height + side - module * Double(QRCode.margin)
        for row in 0..<code.width {
            for run in code.runs(inRow: row) {
                HPDF_Page_Rectangle(
                    page, HPDF_REAL(left + module * Double(run.lowerBound)),
                    HPDF_REAL(top - module * Double(row + 1)), HPDF_REAL(module * Double(run.count)), HPDF_REAL(module))
            }
        }
        HPDF_Page_Fill(page)
        try check()
    }

    private func draw(_ line: String, _ font: Font, size: Double, x: Double) throws {
        HPDF_Page_BeginText(page)
        HPDF_Page_SetFontAndSize(page, handle(font), HPDF_REAL(size))
        HPDF_Page_TextOut(page, HPDF_REAL(x), HPDF_REAL(height), Self.encoded(line))
        HPDF_Page_EndText(page)
        try check()
    }

    private func lines(of text: String, _ font: Font, size: Double) throws -> [String] {
        HPDF_Page_SetFontAndSize(page, handle(font), HPDF_REAL(size))
        var lines: [String] = []
        for word in text.split(separator: " ") {
            let joined = lines.last.map { "\($0) \(word)" } ?? String(word)
            if !lines.isEmpty, Double(HPDF_Page_TextWidth(page, Self.encoded(joined))) <= Self.width {
                lines[lines.count - 1] = joined
            } else {
                lines.append(String(word))
            }
        }
        try check()
        return lines
    }

    private func handle(_ font: Font) -> HPDF_Font? {
        let name =
            switch font {
            case .text: "Helvetica"
            case .heading: "Helvetica-Bold"
            case .code: "Courier"
            }
        return HPDF_GetFont(document, name, "WinAnsiEncoding")
    }

    /// Returns the text as the standard fonts have it: Latin 1, with a question mark for any other character.
    private static func encoded(_ text: String) -> [CChar] {
        text.unicodeScalars.map { scalar in
            let isDrawn = (0x20..<0x7F).contains(scalar.value) || (0xA0..<0x100).contains(scalar.value)
            return CChar(bitPattern: isDrawn ? UInt8(truncatingIfNeeded: scalar.value) : UInt8(ascii: "?"))
        } + [0]
    }

    /// Returns the whole document.
    package func data() throws -> [UInt8] {
        HPDF_SaveToStream(document)
        try check()
        var bytes = [UInt8](repeating: 0, count: Int(HPDF_GetStreamSize(document)))
        var count = HPDF_UINT32(bytes.count)
        HPDF_ReadFromStream(document, &bytes, &count)
        return Array(bytes.prefix(Int(count)))
    }

    private func check() throws {
        let code = HPDF_GetError(document)
        guard code == 0 else { throw PDFError(detail: "libharu reports error \(String(code, radix: 16))") }
    }
}

/// Frees the library's document.
private final class Owner {
    let document: HPDF_Doc

    init() throws {
        guard let document = HPDF_New(nil, nil) else { throw PDFError(detail: "out of memory") }
        self.document = document
    }

    deinit { HPDF_Free(document) }
}

/// A PDF document that could not be made.
package struct PDFError: OperationError, Equatable {
    package var detail: String

    package init(detail: String) { self.detail = detail }

    package var reasonCode: String { "file_error" }
    package var place: ErrorPlace { ErrorPlace(operation: "make PDF") }
}
