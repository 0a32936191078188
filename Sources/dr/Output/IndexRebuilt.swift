import BackupRepository
import Operations
import Platform

/// The result of `dr restore --rebuild-index --existing`.
struct IndexRebuilt: Encodable {
    var component: String
    /// The directory of the data.
    var target: String
    var index: IndexRebuild

    /// False if the index does not list some of the data, because they are damaged.
    var isWhole: Bool { index.damage.isEmpty }

    var text: String {
        var lines = ["\(component) in \(target): \(index.text)"]
        if let previous = index.previous { lines.append("the previous index is kept in \(previous)") }
        if !isWhole {
            lines.append("\(Units.count(index.damage.count, "damaged file")) not in the index:")
            lines += index.damage.prefix(20).map { "  \($0.path.printable): \($0.reason)" }
            if index.damage.count > 20 { lines.append("  and \(index.damage.count - 20) more") }
        }
        return lines.joined(separator: "\n")
    }
}

extension IndexRebuild {
    var text: String {
        "built the index from \(Units.count(chunks, "chunk")) of \(Units.count(series, "stream")): "
            + Units.count(files, "file")
    }
}
