/// How new the data of a capture are.
package enum NewestDatum: Equatable, Sendable {
    /// The kind knows no time of a datum: it has all that the component held at the capture.
    case ofCapture
    /// The newest datum's own time, in milliseconds since 1970.
    case at(Int)
    /// There is no datum in it.
    case empty
    /// There may be data, and the time of the newest is not known for this capture.
    case unknown

    /// - Parameter time: of the newest datum, in milliseconds since 1970; nil where there is no datum.
    package init(_ time: Int?) { self = time.map { .at($0) } ?? .empty }

    /// Of a component that goes on being written while it is copied: nothing that is younger than the copy counts.
    /// - Parameters:
    ///   - time: of the newest datum, in milliseconds since 1970; nil where there is no datum.
    ///   - began: when the copy did.
    package init(_ time: Int?, copiedFrom began: Int) {
        self.init(time.map { $0 > began && $0 - began <= Self.clockTolerance ? began : $0 })
    }

    /// Milliseconds by which a datum's clock may be ahead: servers take what is ten minutes ahead.
    package static let clockTolerance = 900_000
}

/// Why a time of the newest datum is absent, or not to be relied on.
package enum DatumState: String, Codable, Sendable {
    /// There was no datum.
    case empty
    /// The time of the newest datum was not known.
    case unknown
    /// The newest datum was later than the capture: `watermark` is the capture's time.
    case future
}

extension NewestDatum {
    /// As manifests record it: no time is after the end of the capture.
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
