extension [Timestamp] {
    /// Some of the names, spread evenly over the time that all of them span: of each of its slots the newest. Where old
    /// sets were thinned out, every so-and-so-many-th of the names would be a young one.
    /// - Parameter most: slots, at least 1.
    /// - Returns: in the order of time; the newest of all is among them.
    package func spread(most: Int) -> [Timestamp] {
        guard let first = self.min(), let last = self.max() else { return [] }
        let length = last.seconds - first.seconds + 1
        var newest: [Int: Timestamp] = [:]
        for name in self {
            let slot = (name.seconds - first.seconds) * most / length
            newest[slot] = Swift.max(newest[slot] ?? name, name)
        }
        return newest.values.sorted()
    }
}
