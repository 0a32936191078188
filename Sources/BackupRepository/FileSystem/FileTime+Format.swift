internal import Glibc

extension FileTime {
    /// Converts a time of stat(2).
    init(_ time: timespec) {
        self = FileTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec) ?? FileTime(nanoseconds: 0)
    }

    /// The times for utimensat(2): of the last access, here the same, and of the last modification.
    var accessAndModification: [timespec] {
        let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
        return [time, time]
    }

    // MARK: In documents of the format

    /// `[seconds, nanoseconds]` if one number of nanoseconds cannot hold it; otherwise nil.
    var pairWhereNeeded: [Int]? { totalNanoseconds == nil ? [seconds, nanoseconds] : nil }

    /// - Returns: nil if the pair is not a valid time.
    init?(mtime: Int, pair: [Int]?) {
        guard let pair else {
            self.init(nanoseconds: mtime)
            return
        }
        guard pair.count == 2 else { return nil }
        self.init(seconds: pair[0], nanoseconds: pair[1])
    }
}
