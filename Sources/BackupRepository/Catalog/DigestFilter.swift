/// A filter that recognises most digests that are not in a set, in a mebibyte for any size of the set: a Bloom filter
/// (Bloom 1970, "Space/time trade-offs in hash coding with allowable errors") of two bits per digest. With a million
/// digests, one in twenty absent digests is a false positive.
struct DigestFilter {
    private static let bits: UInt64 = 1 << 23
    private var words = [UInt64](repeating: 0, count: Int(bits / 64))

    mutating func insert(_ digest: [UInt8]) {
        let (first, second) = Self.places(of: digest)
        words[Int(first / 64)] |= 1 << (first % 64)
        words[Int(second / 64)] |= 1 << (second % 64)
    }

    /// - Returns: false only if it was certainly not inserted.
    func mayHold(_ digest: [UInt8]) -> Bool {
        let (first, second) = Self.places(of: digest)
        return words[Int(first / 64)] & 1 << (first % 64) != 0 && words[Int(second / 64)] & 1 << (second % 64) != 0
    }

    /// The bytes of a digest are as good as any hash of it.
    private static func places(of digest: [UInt8]) -> (UInt64, UInt64) {
        let value = digest.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        return (value % bits, (value >> 32) % bits)
    }
}
