import Synchronization

/// The places for downloads: each download needs about 7 MiB of memory while it runs.
final class DownloadPlaces: Sendable {
    static let most = 4

    private let taken = Mutex(0)

    /// A taken place, free again when the last reference to it ends: with the response, also one that never began.
    final class Place: Sendable {
        private let places: DownloadPlaces

        fileprivate init(_ places: DownloadPlaces) { self.places = places }

        deinit { places.taken.withLock { $0 -= 1 } }
    }

    /// - Throws: ``PageFailure`` if all places are taken.
    func enter() throws -> Place {
        try taken.withLock { taken in
            guard taken < Self.most else {
                throw PageFailure.busy("the console sends \(Self.most) downloads at once, and all are taken")
            }
            taken += 1
        }
        return Place(self)
    }
}
