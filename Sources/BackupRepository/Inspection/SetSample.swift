extension [Timestamp] {
    /// Returns a sample of the names that is spread evenly over their time span: the newest of each time slot. Every
    /// n-th name would mostly be a recent one, because old sets are thinned out.
    /// - Parameter most: the number of slots, at least 1.
    /// - Returns: in the order of time, including the newest of all.
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
