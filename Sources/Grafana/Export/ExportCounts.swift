internal import Documents
internal import FoundationEssentials
internal import Platform

/// The number of objects of each kind in the last export. Losing it costs a warning at most.
struct ExportCounts {
    private let path: String

    init(folder: String) { path = "\(folder)/counts.json" }

    func read() -> [String: Int] {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let value = try? JSONValue(parsing: [UInt8](data))
        else { return [:] }
        return (value.object ?? [:]).compactMapValues(\.integer)
    }

    func write(_ counts: [String: Int]) {
        let value = JSONValue.object(counts.mapValues { JSONValue($0) })
        try? OutputFile.write(value.document, to: path, links: .refuse)
    }
}
