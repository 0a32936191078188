import BackupRepository
import Documents
import Foundation
import Lab
import ObjectStorage
import Testing

@testable import Operations

/// `dr stats --cost`: sums, prices and least times of storage.
@Suite struct StorageCostTests {
    private static let now = 1_800_000_000
    private static let day = 86_400

    private func object(
        _ name: String, bytes: Int, _ place: StorageClass? = nil, days: Int? = 1000
    ) -> ObjectInfo {
        ObjectInfo(
            key: ObjectKey(trusted: name), size: bytes, modified: days.map { Self.now - $0 * Self.day },
            storageClass: place)
    }

    private func cost(_ objects: [ObjectInfo]) throws -> StorageCost {
        StorageCost(try PriceList.read(nil), now: Self.now) { add in objects.forEach(add) }
    }

    @Test func `each class has its bytes and its price`() throws {
        let gigabyte = 1_000_000_000
        let cost = try cost([
            object("a", bytes: 10 * gigabyte), object("b", bytes: 100 * gigabyte, .glacier),
            object("c", bytes: 1000, StorageClass(answer: "HOMEMADE")),
        ])
        #expect(cost.classes.map(\.name) == ["HOMEMADE", "STANDARD", "GLACIER"])
        #expect(cost.classes.map(\.objects) == [1, 1, 1] && cost.unpriced == ["HOMEMADE"])
        #expect(abs((cost.month ?? -1) - (0.23 + 0.36)) < 1e-6 && abs((cost.retrieval ?? -1) - 1) < 1e-6)
        #expect(cost.classes.map(\.leastDays) == [0, 0, 90])
    }

    @Test func `without a price there are no sums`() throws {
        let homemade = object("a", bytes: 1000, StorageClass(answer: "HOMEMADE"))
        var cost = try cost([homemade])
        cost.add(newest: .init(seconds: Self.now), needing: [homemade], try PriceList.read(nil))
        #expect(cost.month == nil && cost.retrieval == nil && cost.newestRetrieval == nil)
        #expect(cost.unpriced == ["HOMEMADE"] && cost.newestUnpriced == ["HOMEMADE"])
        let other = object("b", bytes: 1_000_000_000, .standardIA)
        cost.add(newest: .init(seconds: Self.now), needing: [homemade, homemade, other], try PriceList.read(nil))
        #expect(cost.newestUnpriced == ["HOMEMADE"] && abs((cost.newestRetrieval ?? -1) - 0.01) < 1e-6)
    }

    @Test func `a damaged manifest of the newest set costs only its own figure`() async throws {
        let fixture = try await StackFixture()
        try fixture.write("a", "1")
        let set = try await fixture.backUp()
        let repository = try await fixture.session.repository()
        let whole = try await fixture.session.storageCost(of: repository, at: try PriceList.read(nil))
        #expect(whole.unreadable == [:] && whole.newest == set.name)
        let part = try #require(set.components["tree"])
        let manifest = Layout.manifest("tree", part.manifest).text
        try fixture.damage(manifest)
        let cost = try await fixture.session.storageCost(of: repository, at: try PriceList.read(nil))
        #expect(cost.unreadable.keys.sorted() == [manifest], "\(cost.unreadable)")
        #expect(cost.month != nil && cost.classes.map(\.objects) == whole.classes.map(\.objects))
        try fixture.damage(Layout.set(set.name).text)
        let setless = try await fixture.session.storageCost(of: repository, at: try PriceList.read(nil))
        #expect(setless.unreadable.keys.sorted() == [Layout.set(set.name).text], "\(setless.unreadable)")
        #expect(setless.newest == nil && setless.month != nil)
    }

    @Test func `a small object in a colder class is billed as a larger one`() throws {
        let cost = try cost([object("a", bytes: 1000, .standardIA)])
        #expect(cost.classes.first?.billedBytes == 128 << 10 && cost.classes.first?.bytes == 1000)
        let archived = try self.cost([object("a", bytes: 1000, .glacier)])
        #expect(archived.classes.first?.billedBytes == 1000 + (40 << 10) && archived.classes.first?.bytes == 1000)
    }

    @Test(arguments: [(0, 90.0), (30, 60), (90, 0), (1000, 0)])
    func `a young object owes the rest of its least time`(days: Int, rest: Double) throws {
        let cost = try cost([object("a", bytes: 1_000_000_000, .glacier, days: days)])
        let row = try #require(cost.classes.first)
        #expect(abs((row.committed ?? -1) - rest / 30 * 0.0036) < 1e-6)
        #expect(row.youngBytes == (rest > 0 ? 1_000_000_000 : 0))
    }

    @Test func `reading the newest set costs what its classes ask`() throws {
        var cost = try cost([])
        let objects = [object("a", bytes: 1_000_000_000), object("b", bytes: 1_000_000_000, .standardIA)]
        cost.add(newest: .init(seconds: Self.now), needing: objects, try PriceList.read(nil))
        #expect(abs((cost.newestRetrieval ?? -1) - 0.01) < 1e-6 && cost.newestUnpriced == [])
    }

    @Test(arguments: [
        ("currency: USD\nsource: here\nclasses: {STANDARD: {month: -1}}", "price"),
        ("currency: USD\nsource: here\nclasses: {STANDARD: {month: many}}", "price"),
        ("currency: USD\nclasses: {STANDARD: {month: 1}}", "source"),
        ("currency: USD\nsource: here\nclasses: {STANDARD: {retrieval: 1}}", "month"),
    ])
    func `a price list that cannot be right is refused`(text: String, complaint: String) throws {
        let folder = try TemporaryFolder("prices")
        let file = folder.url.appending(path: "prices.yaml")
        try Data(text.utf8).write(to: file)
        let error = #expect(throws: DocumentError.self) { try PriceList.read(file.path) }
        #expect(error.map { "\($0)".contains(complaint) } == true, "\(String(describing: error))")
    }

    @Test func `the printed list can be read back`() throws {
        let folder = try TemporaryFolder("prices")
        let file = folder.url.appending(path: "prices.yaml")
        try Data(PriceList.standardText.utf8).write(to: file)
        #expect(try PriceList.read(file.path) == PriceList.read(nil))
    }
}
