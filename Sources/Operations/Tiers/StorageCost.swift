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
    /// The sum for one month, without classes that have no price; absent if none has one.
    package var month: Double?
    /// To read everything once; absent where ``month`` is.
    package var retrieval: Double?
    /// To read what the newest set needs, without manifests that cannot be read and without ``newestUnpriced``; absent if
    /// no price is known.
    package var newestRetrieval: Double?
    /// The classes of what the newest set needs for which the list has no price, sorted.
    package var newestUnpriced: [String] = []
    package var newest: Timestamp?
    /// Documents that cannot be read, with the reason: what their packs cost to read is not in ``newestRetrieval``.
    package var unreadable: [String: String] = [:]

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
                month = (month ?? 0) + monthly
                retrieval = (retrieval ?? 0) + (row.retrieval ?? 0)
            }
            classes.append(row)
        }
    }

    /// Adds what it costs to read the packs of the newest set.
    mutating func add(newest name: Timestamp, needing objects: [ObjectInfo], _ prices: PriceList) {
        newest = name
        var unpriced: Set<String> = []
        let costs = objects.compactMap { object -> Double? in
            let place = (object.storageClass ?? .standard).name
            guard let price = prices.classes[place] else {
                unpriced.insert(place)
                return nil
            }
            return Double(object.size) / Self.gigabyte * price.retrieval
        }
        newestUnpriced = unpriced.sorted()
        newestRetrieval = costs.isEmpty && !objects.isEmpty ? nil : costs.reduce(0, +)
    }

    /// Classes in the store for which the list has no price.
    package var unpriced: [String] { classes.filter { $0.month == nil }.map(\.name) }
}

extension Session {
    /// Lists the repository once, and reads the manifests of the newest set. Documents that cannot be read are in the
    /// result: the sums need only the listing.
    /// - Throws: the error of the listing; `CancellationError`.
    package func storageCost(of repository: Repository, at prices: PriceList) async throws -> StorageCost {
        let now = now().seconds
        return try await pool.run {
            let newest = try NewestPacks(in: repository)
            var read: [ObjectInfo] = []
            var cost = try StorageCost(prices, now: now) { add in
                try repository.store.enumerate(prefix: "", skipping: nil) { object in
                    try Task.checkCancellation()
                    add(object)
                    if let pack = Layout.packID(of: object.key), newest.packs.contains(pack) { read.append(object) }
                }
            }
            if let name = newest.set { cost.add(newest: name, needing: read, prices) }
            cost.unreadable = newest.unreadable
            return cost
        }
    }
}

/// The packs of the newest set, as far as its documents can be read.
private struct NewestPacks {
    var set: Timestamp?
    var packs: Set<String> = []
    var unreadable: [String: String] = [:]

    init(in repository: Repository) throws {
        var skipped: [String: String] = [:]
        let found = try reading("sets") {
            try repository.newestReadableSet(where: { repository.scope.owns($0) }) { name, error in
                skipped[Layout.set(name).text] = "\(error)"
            }
        }
        unreadable.merge(skipped) { first, _ in first }
        guard let newest = found ?? nil else { return }
        set = newest.name
        for (component, part) in newest.components.sorted(by: { $0.key < $1.key }) {
            let manifest = try reading(Layout.manifest(component, part.manifest).text) {
                try repository.manifest(component, of: newest)
            }
            packs.formUnion(manifest?.packs.map(\.pack) ?? [])
        }
    }

    /// - Returns: nil if the object cannot be read, which is noted.
    private mutating func reading<Value>(_ object: String, _ body: () throws -> Value) throws -> Value? {
        do { return try body() } catch is CancellationError { throw CancellationError() } catch {
            unreadable[object] = "\(error)"
            return nil
        }
    }
}
