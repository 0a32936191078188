internal import BackupRepository

/// The first thing found wrong in one file of a block; reading that part of the file ends there.
struct BlockDefect: Error {
    /// Relative to the block's directory: "index", "chunks/000001".
    var file: String
    var detail: String

    var damage: Damage { Damage(path: file, reason: detail) }
}

extension UInt32 {
    /// Eight hexadecimal digits, as checksums are written.
    var hex8: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// Words for a checksum that does not agree.
func checksumText(computed: UInt32, stored: UInt32) -> String {
    "CRC is \(computed.hex8), should be \(stored.hex8)"
}
