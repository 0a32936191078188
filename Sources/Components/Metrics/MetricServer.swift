/// A server that keeps metrics of the stack and evaluates PromQL over them: for the service level and for forecasts.
package protocol MetricServer: Sendable {
    /// An instant query. Blocks.
    /// - Parameter time: seconds since 1970; now if nil.
    /// - Throws: ``CheckFailure`` with the server's error if the query fails.
    func samples(_ expression: String, at time: Double?) throws -> [MetricSample]

    /// A range query over any length of time.
    /// - Parameters:
    ///   - interval: seconds since 1970; the first sample is at its lower bound.
    ///   - step: seconds from one sample to the next.
    ///   - limit: the largest number of returned series.
    /// - Returns: the series by their labels, and the number of series beyond the limit.
    /// - Throws: ``MetricHistoryError`` if the server does not return a history.
    func history(_ expression: String, over interval: ClosedRange<Int>, step: Int, limit: Int) async throws
        -> (series: [MetricSeries], more: Int)
}

/// An element of a vector or a matrix, or a scalar or a string without labels.
package struct MetricSample: Equatable, Sendable {
    package var labels: [String: String]
    /// The value as the server wrote it; compact JSON of a native histogram with its buckets, or of a range's samples.
    package var text: String
    /// Set if the result is not one number: "histogram with 132 observations", "60 samples".
    package var kind: String?
    /// NaN if the result is not one number.
    package var value: Double { kind == nil ? Double(text) ?? .nan : .nan }
    /// The result as text.
    package var summary: String { kind ?? text }

    package init(labels: [String: String], text: String, kind: String? = nil) {
        self.labels = labels
        self.text = text
        self.kind = kind
    }
}

/// One series of a range query.
package struct MetricSeries: Equatable, Sendable {
    package var labels: [String: String]
    /// The samples in the order of time, in seconds since 1970, without NaN, infinite values and times outside the interval.
    package var samples: [(time: Double, value: Double)]
    /// True if the server returned native histograms, which are not numbers.
    package var hasHistograms: Bool

    package init(labels: [String: String], samples: [(time: Double, value: Double)], hasHistograms: Bool = false) {
        self.labels = labels
        self.samples = samples
        self.hasHistograms = hasHistograms
    }

    package static func == (first: Self, second: Self) -> Bool {
        first.labels == second.labels && first.hasHistograms == second.hasHistograms
            && first.samples.elementsEqual(second.samples, by: ==)
    }
}

/// The error of a history query.
package struct MetricHistoryError: Error, Equatable, CustomStringConvertible {
    /// The failure and its remedy.
    package var description: String

    package init(_ description: String) { self.description = description }
}
