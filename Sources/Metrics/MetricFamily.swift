internal import Platform

/// One metric with its samples.
package struct MetricFamily: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case gauge, counter, histogram
    }

    /// One value, by its labels.
    package struct Sample: Codable, Equatable, Sendable {
        /// Names without `le`, which histograms use.
        package var labels: [String: String]
        package var value: Value

        package init(_ labels: [String: String], _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    package enum Value: Codable, Equatable, Sendable {
        case number(Double)
        case histogram(MetricHistogram)
    }

    /// The name as in the text format 0.0.4: a counter's name ends in `_total`.
    package var name: String
    package var kind: Kind
    /// The unit in the words of OpenMetrics ("seconds", "bytes"), which is part of the name; nil for none.
    package var unit: String?
    package var help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, unit: String? = nil, help: String, samples: [Sample] = []) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.samples = samples
    }
}

/// The observations of a histogram with fixed bounds.
package struct MetricHistogram: Codable, Equatable, Sendable {
    /// Ascending; the last bucket has no bound.
    package private(set) var bounds: [Double]
    /// The observations of each bucket alone; one more than bounds.
    package private(set) var counts: [Int]
    package private(set) var sum: Double

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
        sum = 0
    }

    package var count: Int { counts.reduce(0) { $0.addingClamped($1) } }

    package mutating func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[bucket] = counts[bucket].addingClamped(1)
        sum += value
    }

    /// Adds the observations of another histogram; one with other bounds replaces this one.
    package mutating func add(_ other: MetricHistogram) {
        guard other.bounds == bounds, other.counts.count == counts.count else {
            self = other
            return
        }
        for index in counts.indices { counts[index] = counts[index].addingClamped(other.counts[index]) }
        sum += other.sum
    }

    /// The observations of each bucket and all buckets below it.
    package var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total = total.addingClamped(count)
            return total
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        bounds = try container.decode([Double].self, forKey: .bounds)
        counts = try container.decode([Int].self, forKey: .counts)
        sum = try container.decode(Double.self, forKey: .sum)
        // The record on the disk is data from outside.
        guard counts.count == bounds.count + 1, !counts.contains(where: { $0 < 0 }), sum.isFinite else {
            throw DecodingError.dataCorruptedError(
                forKey: .counts, in: container, debugDescription: "the buckets do not match their bounds")
        }
    }
}
