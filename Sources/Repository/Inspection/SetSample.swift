extension [Timestamp] {
    /// Some of the names, spread evenly over a time: of each of its slots the newest. Where old sets were thinned out,
    /// every so-and-so-many-th of them would all be young.
    /// - Parameters:
    ///   - interval: seconds since 1970; the end is in the last slot.
    ///   - most: slots.
    /// - Returns: in the order of time; the newest of the interval is always among them.
    package func spread(over interval: ClosedRange<Int>, most: Int) -> [Timestamp] {
        let length = interval.upperBound - interval.lowerBound + 1
        var newest: [Int: Timestamp] = [:]
        for name in self where interval.contains(name.seconds) {
            let slot = (name.seconds - interval.lowerBound) * most / length
            newest[slot] = Swift.max(newest[slot] ?? name, name)
        }
        return newest.values.sorted()
    }
}
