internal import Foundation

/// A query with repeated names.
struct Query {
    private let items: [(name: String, value: String)]

    init(_ text: String) {
        items = text.split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.replacing("+", with: " ").removingPercentEncoding ?? String($0) }
            return (pair[0], pair.count == 2 ? pair[1] : "")
        }
    }

    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    func isTrue(_ name: String) -> Bool { ["1", "true"].contains(self[name] ?? "") }
}
