internal import BackupRepository

/// The first defect in one file of a block. The verifier stops reading that part of the file there.
struct BlockDefect: Error {
    /// Relative to the block's directory: "index", "chunks/000001".
    var file: String
    var detail: String

    var damage: Damage { Damage(path: file, reason: detail) }
}

extension UInt32 {
    /// Eight hexadecimal digits, the usual form of checksums.
    var hex8: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// The message for a wrong checksum.
func checksumText(computed: UInt32, stored: UInt32) -> String {
    "CRC is \(computed.hex8), should be \(stored.hex8)"
}
