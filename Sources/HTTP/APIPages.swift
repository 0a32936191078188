/// A list that a server gives in numbered pages.
///
/// A server may give fewer items than asked for, and one that does not know the page's parameter gives the same again.
/// The list ends with an empty or short page, the announced number of items, or a page without a new item.
package struct APIPages {
    /// One page, as the server gave it.
    package struct Page<Item> {
        package var items: [Item]
        /// The announced number of items of the whole list.
        package var total: Int?

        package init(_ items: [Item], total: Int? = nil) {
            self.items = items
            self.total = total
        }
    }

    private let first: Int
    private let shortest: Int

    /// - Parameters:
    ///   - first: the number of the first page.
    ///   - shortest: a page with fewer items is the last one, where the server announces no number.
    package init(from first: Int, shortest: Int) {
        self.first = first
        self.shortest = shortest
    }

    /// Reads page after page.
    /// - Parameters:
    ///   - identity: a text that tells one item from another.
    ///   - read: gives the page of a number; nil for no list at all.
    ///   - body: gets the items of each page that were on no page before.
    package func forEach<Item>(
        identity: (Item) -> String, read: (Int) throws -> Page<Item>?, _ body: ([Item]) throws -> Void
    ) rethrows {
        var seen: Set<String> = []
        var number = first
        while let page = try read(number) {
            let fresh = page.items.filter { seen.insert(identity($0)).inserted }
            guard !fresh.isEmpty else { return }
            try body(fresh)
            if page.total.map({ seen.count >= $0 }) ?? (page.items.count < shortest) { return }
            number += 1
        }
    }
}
