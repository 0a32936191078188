/// Tells most digests that are not in a set from those that may be, in a mebibyte whatever the size of the set: a Bloom
/// filter (Bloom 1970, "Space/time trade-offs in hash coding with allowable errors") of two bits to a digest. With a
/// million digests in it, one in twenty that is not there looks as if it were.
struct DigestFilter {
    private static let bits: UInt64 = 1 << 23
    private var words = [UInt64](repeating: 0, count: Int(bits / 64))

    mutating func insert(_ digest: [UInt8]) {
        let (first, second) = Self.places(of: digest)
        words[Int(first / 64)] |= 1 << (first % 64)
        words[Int(second / 64)] |= 1 << (second % 64)
    }

    /// - Returns: false only where it surely was not inserted.
    func mayHold(_ digest: [UInt8]) -> Bool {
        let (first, second) = Self.places(of: digest)
        return words[Int(first / 64)] & 1 << (first % 64) != 0 && words[Int(second / 64)] & 1 << (second % 64) != 0
    }

    /// A digest's own bytes are as good as any hash of it.
    private static func places(of digest: [UInt8]) -> (UInt64, UInt64) {
        let value = digest.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        return (value % bits, (value >> 32) % bits)
    }
}
