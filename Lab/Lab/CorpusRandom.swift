/// A small generator that is reproducible on every machine: SplitMix64, by Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators" (OOPSLA 2014).
package struct CorpusRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// Creates a generator for one part of a corpus, so that parts do not depend on the order of their creation.
    package init(seed: UInt64, part: String) {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ hash
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Returns a number from 0 to below `bound`. Speed and reproducibility matter here more than the bias of the
    /// remainder.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Returns bytes that do not compress, the same ones for the same seed.
    package static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = CorpusRandom(seed: seed)
        var bytes = [UInt8](repeating: 0, count: count)
        random.fill(&bytes)
        return bytes
    }

    package mutating func fill(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { raw in
            var offset = 0
            while offset + 8 <= raw.count {
                raw.storeBytes(of: next().littleEndian, toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            while offset < raw.count {
                raw[offset] = UInt8(truncatingIfNeeded: next())
                offset += 1
            }
        }
    }
}
