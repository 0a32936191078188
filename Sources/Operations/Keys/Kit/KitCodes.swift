import FoundationEssentials
import Platform
import Printing

/// The QR codes of a private key: its PEM lines in parts, each below a line `dr-key 1/4`.
///
/// The scanned texts, one after another and without these lines, are the PEM file again.
enum KitCodes {
    static func lines(ofPEM pem: String) -> [String] {
        pem.split(whereSeparator: \.isNewline).map { $0.trimmed }.filter { !$0.isEmpty }
    }

    static func texts(ofPEM pem: String) -> [String] {
        let lines = lines(ofPEM: pem)
        let bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        // Parts of about equal size, so that every code has about the same number of modules.
        let count = max(1, (bytes + QRCode.comfortableSize - 1) / QRCode.comfortableSize)
        let perPart = (lines.count + count - 1) / count
        let parts = stride(from: 0, to: lines.count, by: max(perPart, 1)).map { start in
            lines[start..<min(start + perPart, lines.count)]
        }
        return parts.enumerated().map { number, part in
            (["dr-key \(number + 1)/\(parts.count)"] + part).joined(separator: "\n") + "\n"
        }
    }
}
