package import Components
package import Documents
internal import FoundationEssentials
internal import Platform

/// The settings of a canary in a tree of files.
package struct FileCanarySettings: CanarySettings {
    package var file: String?

    package init() {}

    package static let keys: [Key<Self>] = [
        Key("file", \.file, as: .text, about: "The path in the tree. Default: .dr-canary.")
    ]

    package func canary(in component: FilesComponent, _ context: ComponentContext) -> (any Canary)? {
        FileCanary(path: "\(component.data)/\(file ?? ".dr-canary")")
    }
}

/// The canary of a tree of files: one file in the tree.
struct FileCanary: Canary {
    /// Absolute.
    let path: String

    func write(_ value: String) throws -> Int {
        try OutputFile.write(Array("\(value)\n".utf8), to: path, links: .refuse)
        return WallClock.system.milliseconds
    }

    func values(around time: Int) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)).prefix(1000), as: UTF8.self)
        return text.split(whereSeparator: \.isWhitespace).map(String.init).filter(CanaryValue.isValid)
    }
}
