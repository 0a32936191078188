package import BackupRepository
package import ObjectStorage
import Platform

/// `dr stats --cost`: what the store keeps in which class, and what it costs to keep and to read.
///
/// The figures follow from the sizes of objects and the price list alone. Requests, transfers and former versions are not
/// in them.
package struct StorageCost: Encodable, Equatable, Sendable {
    package struct Class: Encodable, Equatable, Sendable {
        package var name: String
        package var objects = 0
        package var bytes = 0
        /// Bytes for which the store asks money: some classes count a small object as a larger one, and archives add
        /// about 40 KiB to each.
        package var billedBytes = 0
        /// For one month; absent for a class without a price.
        package var month: Double?
        /// To read everything in it once.
        package var retrieval: Double?
        /// Days for which an object is billed at least.
        package var leastDays: Int
        /// What those days cost at least for the objects that are younger than them: removing them saves nothing of it.
        package var committed: Double?
        /// Bytes of objects that are younger than ``leastDays``.
        package var youngBytes = 0
    }

    package var currency: String
    package var source: String
    /// The warmest first.
    package var classes: [Class] = []
    /// The sum for one month; without classes that have no price.
    package var month = 0.0
    /// To read everything once.
    package var retrieval = 0.0
    /// To read what the newest set needs.
    package var newestRetrieval: Double?
    package var newest: Timestamp?

    /// The sums of one class.
    private struct Sum {
        var objects = 0, bytes = 0, billed = 0, young = 0
        /// Byte seconds until the least time of the young objects is over.
        var remaining = 0.0
    }

    private static let gigabyte = 1e9
    private static let monthDays = 30.0

    /// - Parameters:
    ///   - objects: calls its parameter with each object of the repository.
    ///   - now: seconds since 1970.
    package init(
        _ prices: PriceList, now: Int, objects: ((ObjectInfo) -> Void) throws -> Void
    ) rethrows {
        (currency, source) = (prices.currency, prices.source)
        var sums: [StorageClass: Sum] = [:]
        try objects { object in
            let place = object.storageClass ?? .standard
            let billed = max(object.size, place.leastBytes).addingClamped(place.addedBytes)
            let least = place.leastDays * 86_400
            let age = max(0, now.subtractingClamped(object.modified ?? now))
            var sum = sums[place] ?? Sum()
            sum.objects += 1
            sum.bytes = sum.bytes.addingClamped(object.size)
            sum.billed = sum.billed.addingClamped(billed)
            if age < least {
                sum.young = sum.young.addingClamped(object.size)
                sum.remaining += Double(billed) * Double(least - age)
            }
            sums[place] = sum
        }
        for (place, sum) in sums.sorted(by: { ($0.key.depth, $0.key.name) < ($1.key.depth, $1.key.name) }) {
            var row = Class(name: place.name, leastDays: place.leastDays)
            (row.objects, row.bytes, row.billedBytes, row.youngBytes) = (sum.objects, sum.bytes, sum.billed, sum.young)
            if let price = prices.classes[place.name] {
                let monthly = Double(sum.billed) / Self.gigabyte * price.month
                row.month = monthly
                row.retrieval = Double(sum.bytes) / Self.gigabyte * price.retrieval
                row.committed = sum.remaining / 86_400 / Self.monthDays / Self.gigabyte * price.month
                month += monthly
                retrieval += row.retrieval ?? 0
            }
            classes.append(row)
        }
    }

    /// Adds what it costs to read the packs of the newest set.
    mutating func add(newest name: Timestamp, needing objects: [ObjectInfo], _ prices: PriceList) {
        newest = name
        newestRetrieval = objects.reduce(0) { sum, object in
            let price = prices.classes[(object.storageClass ?? .standard).name]?.retrieval ?? 0
            return sum + Double(object.size) / Self.gigabyte * price
        }
    }

    /// Classes in the store for which the list has no price.
    package var unpriced: [String] { classes.filter { $0.month == nil }.map(\.name) }
}

extension Session {
    /// Lists the repository once, and the manifests of the newest set.
    package func storageCost(of repository: Repository, at prices: PriceList) async throws -> StorageCost {
        let now = now().seconds
        let newest = try await pool.run { try repository.newestReadableSet { repository.scope.owns($0) } }
        return try await pool.run {
            var needed: Set<String> = []
            for component in newest?.components.keys.sorted() ?? [] {
                guard let set = newest else { break }
                needed.formUnion(try repository.manifest(component, of: set).packs.map(\.pack))
            }
            var read: [ObjectInfo] = []
            var cost = try StorageCost(prices, now: now) { add in
                try repository.store.enumerate(prefix: "", skipping: nil) { object in
                    try Task.checkCancellation()
                    add(object)
                    if let pack = Layout.packID(of: object.key), needed.contains(pack) { read.append(object) }
                }
            }
            if let newest { cost.add(newest: newest.name, needing: read, prices) }
            return cost
        }
    }
}
