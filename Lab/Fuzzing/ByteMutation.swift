package import Lab

/// Changes that know nothing about a format: flipped bits, truncations, splices, and numbers at the ends of their ranges.
package enum ByteMutation {
    private static let numbers: [UInt64] = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max]

    /// - Parameter others: inputs of the same kind, to splice with.
    package static func apply(
        to bytes: [UInt8], splicing others: [[UInt8]] = [], _ random: inout CorpusRandom
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(4) { change(&bytes, others, &random) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], _ others: [[UInt8]], _ random: inout CorpusRandom) {
        guard !bytes.isEmpty else {
            bytes = (0..<random.below(64)).map { _ in UInt8(random.below(256)) }
            return
        }
        let place = random.below(bytes.count)
        let length = min(bytes.count - place, 1 << random.below(12))
        switch random.below(9) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = UInt8(random.below(256))
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(place..<place + length)
        case 4: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: random.below(bytes.count + 1))
        case 5: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(random.below(256)) }, at: place)
        case 6:
            let number = numbers[random.below(numbers.count)]
            let width = min(1 << random.below(4), bytes.count - place)
            let isBig = random.below(2) == 0
            for index in 0..<width {
                let shift = 8 * (isBig ? width - 1 - index : index)
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(shift))
            }
        case 7:
            let piece = Array(bytes[place..<place + length])
            bytes.replaceSubrange(place..<place + length, with: piece.reversed())
        default:
            guard let other = others.isEmpty ? nil : others[random.below(others.count)], !other.isEmpty else { return }
            bytes = Array(bytes[..<place]) + other[random.below(other.count)...]
        }
    }
}
