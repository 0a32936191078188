/// The age of the data of a capture.
package enum NewestDatum: Equatable, Sendable {
    /// The kind does not record times of data: it has all data of the component at the time of the capture.
    case ofCapture
    /// The newest datum's own time, in milliseconds since 1970.
    case at(Int)
    /// It holds no datum.
    case empty
    /// It may hold data, but the time of the newest is not known for this capture.
    case unknown

    /// - Parameter time: of the newest datum, in milliseconds since 1970; nil if there is no datum.
    package init(_ time: Int?) { self = time.map { .at($0) } ?? .empty }

    /// For a component that is written while it is copied: data newer than the copy are ignored.
    /// - Parameters:
    ///   - time: of the newest datum, in milliseconds since 1970; nil if there is no datum.
    ///   - began: the start time of the copy.
    package init(_ time: Int?, copiedFrom began: Int) {
        self.init(time.map { $0 > began && $0 - began <= Self.clockTolerance ? began : $0 })
    }

    /// Milliseconds by which a datum's clock may be ahead: servers accept ten minutes.
    package static let clockTolerance = 900_000
}

/// A reason why the time of the newest datum is absent or not reliable.
package enum DatumState: String, Codable, Sendable {
    /// There was no datum.
    case empty
    /// The time of the newest datum was not known.
    case unknown
    /// The newest datum was later than the capture: `watermark` is the capture's time.
    case future
}

extension NewestDatum {
    /// Returns the values that a manifest records: no time is after the end of the capture.
    /// - Parameter end: of the capture.
    func recorded(capturedUntil end: Timestamp) -> (watermark: Int?, state: DatumState?) {
        switch self {
        case .ofCapture: return (nil, nil)
        case .empty: return (nil, .empty)
        case .unknown: return (nil, .unknown)
        case .at(let time):
            let (latest, overflows) = end.seconds.multipliedReportingOverflow(by: 1000)
            guard !overflows, time > latest else { return (time, nil) }
            return (latest, time - latest > Self.clockTolerance ? .future : nil)
        }
    }
}
