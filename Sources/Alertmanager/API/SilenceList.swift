internal import Documents

/// The answer of `/api/v2/silences`.
package struct SilenceList: Equatable, Sendable {
    package var silences: [Silence] = []
    /// Entries that are not silences, each with its place in the list.
    package var defects: [Defect] = []
    /// The server's clock when it answered, in milliseconds since 1970; nil if the server does not report it.
    package var time: Int?

    package struct Defect: Equatable, Sendable {
        /// From 0.
        package var index: Int
        package var reason: String
    }

    init(_ entries: [JSONValue], time: Int?) {
        self.time = time
        var places: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            do throws(SilenceDefect) {
                let silence = try Silence(entry)
                if let place = places[silence.id] {
                    if silences[place] != silence {
                        defects.append(Defect(index: index, reason: "the list has its id '\(silence.id)' twice"))
                    }
                } else {
                    places[silence.id] = silences.count
                    silences.append(silence)
                }
            } catch { defects.append(Defect(index: index, reason: "\(error)")) }
        }
    }
}
