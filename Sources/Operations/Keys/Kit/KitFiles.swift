package import BackupRepository
import FoundationEssentials
import Platform

/// Writes the recovery kit: two files that only their owner can read.
package struct KitFiles: Encodable {
    package var html: String
    package var pdf: String
    package var set: Timestamp
    /// True if the kit contains the private key.
    package var hasKey: Bool
    /// True if the key in it is encrypted with a passphrase.
    package var hasPassphrase: Bool
    /// The number of QR codes.
    package var codes: Int

    /// Replaces earlier kits in the folder. Blocks.
    /// - Parameter folder: is created if it does not exist.
    /// - Throws: `FileError`, ``PDFError``.
    package init(writing kit: RecoveryKit, to folder: String) throws {
        (html, pdf) = ("\(folder)/recovery-kit.html", "\(folder)/recovery-kit.pdf")
        (set, hasKey, hasPassphrase) = (kit.set, kit.key != nil, kit.key?.hasPassphrase == true)
        codes = kit.key?.codes.count ?? 0
        let (page, document) = (try kit.html(), try kit.pdf())
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try OutputFile.write(Array(page.utf8), to: html, mode: 0o600, links: .refuse)
        try OutputFile.write(document, to: pdf, mode: 0o600, links: .refuse)
    }

    package var text: String {
        "wrote \(html)\nwrote \(pdf)\nnewest set \(set)\(hasKey ? ", with the private key" : ", without the private key")"
    }
}
