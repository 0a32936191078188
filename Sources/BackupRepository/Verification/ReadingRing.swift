/// The times at which packs were last read, by the position of their ids on a ring.
///
/// Ids are random, so packs of every component and age are evenly distributed on the ring of their first 32 bits. The
/// packs that were read then form a few arcs, for any number of packs. A new pack is in some arc and is read with it.
struct ReadingRing: Equatable, Sendable {
    /// A part of the ring, from its beginning to that of the next arc, or to the end of the ring.
    struct Arc: Codable, Equatable, Sendable {
        var from: UInt32
        /// The time at which all packs on it were read; nil for never.
        var read: Timestamp?
    }

    /// Ascending; the first begins at 0. Adjacent arcs differ.
    private(set) var arcs = [Arc(from: 0, read: nil)]

    static func position(ofPack id: String) -> UInt32 { UInt32(id.prefix(8), radix: 16) ?? 0 }

    func read(at position: UInt32) -> Timestamp? { arcs[index(of: position)].read }

    private func index(of position: UInt32) -> Int {
        var (low, high) = (0, arcs.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if arcs[middle].from <= position { low = middle } else { high = middle }
        }
        return low
    }

    mutating func mark(_ range: ClosedRange<UInt32>, read time: Timestamp) {
        var changed = arcs.filter { $0.from < range.lowerBound }
        changed.append(Arc(from: range.lowerBound, read: time))
        if range.upperBound < .max {
            changed.append(Arc(from: range.upperBound + 1, read: read(at: range.upperBound + 1)))
            changed += arcs.filter { $0.from > range.upperBound + 1 }
        }
        arcs = Self.simplified(changed)
    }

    /// Returns a ring with the packs that were read in either.
    func joined(with other: ReadingRing) -> ReadingRing {
        var joined = self
        joined.arcs = Self.simplified(
            Set((arcs + other.arcs).map(\.from)).sorted().map { from in
                Arc(from: from, read: [read(at: from), other.read(at: from)].compactMap { $0 }.max())
            })
        return joined
    }

    /// Joins adjacent arcs that were read within `seconds` of each other, with the earlier time: bounds the number of
    /// arcs.
    mutating func coarsen(within seconds: Int) {
        var joined: [Arc] = []
        for arc in arcs {
            if let last = joined.last?.read, let read = arc.read, abs(last.seconds - read.seconds) < seconds {
                joined[joined.count - 1].read = min(last, read)
            } else {
                joined.append(arc)
            }
        }
        arcs = Self.simplified(joined)
    }

    private static func simplified(_ arcs: [Arc]) -> [Arc] {
        var simple: [Arc] = []
        for arc in arcs where simple.last?.read != arc.read || simple.isEmpty { simple.append(arc) }
        return simple
    }
}

extension ReadingRing: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let arcs = try container.decode([Arc].self)
        guard arcs.first?.from == 0, zip(arcs, arcs.dropFirst()).allSatisfy({ $0.from < $1.from }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "its arcs do not form a ring")
        }
        self.arcs = arcs
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(arcs)
    }
}
