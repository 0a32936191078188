internal import CQREncode
internal import Glibc

/// A QR code (ISO/IEC 18004) of bytes.
package struct QRCode: Sendable {
    /// The modules of one side.
    package let width: Int
    private let dark: [Bool]

    /// The most bytes that one code of a printed page should have: a phone reads it from a square of four centimetres.
    package static let comfortableSize = 700

    /// - Returns: nil if the bytes do not fit into one code, or are none.
    package init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, let code = QRcode_encodeData(CInt(bytes.count), bytes, 0, QR_ECLEVEL_L) else {
            return nil
        }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        // The lowest bit of each byte is the colour of the module.
        dark = UnsafeBufferPointer(start: code.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    /// Returns the dark modules of a row, as ranges of columns.
    package func runs(inRow row: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for column in 0..<width where dark[row * width + column] {
            if let last = runs.last, last.upperBound == column {
                runs[runs.count - 1] = last.lowerBound..<column + 1
            } else {
                runs.append(column..<column + 1)
            }
        }
        return runs
    }

    /// The quiet zone that readers need on each side, in modules.
    package static let margin = 4

    /// The code with its quiet zone as SVG, one unit for each module.
    package var svg: String {
        let side = width + 2 * Self.margin
        let path = (0..<width).flatMap { row in
            runs(inRow: row).map { run in
                "M\(run.lowerBound + Self.margin) \(row + Self.margin)h\(run.count)v1h-\(run.count)z"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <rect width="\(side)" height="\(side)" fill="#fff"/><path d="\(path.joined())"/></svg>
            """
    }
}
