import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// The keys of a component's entry, as another machine can use them: with the values of its secrets, the content of its
/// files, and the URLs that work inside the cluster.
struct OrderSettings {
    private(set) var entry: JSONValue
    private(set) var environment: [String: String] = [:]
    private(set) var files: [String: Data] = [:]

    /// The keys whose values are paths of files on this machine.
    private static let fileKeys: Set = ["ca_file", "cert_file", "key_file"]
    private static let longestFile = 1 << 20

    /// - Parameters:
    ///   - entry: the keys of the entry, with the path of the data directory in the cluster.
    ///   - folder: the folder that relative paths start from.
    /// - Throws: `DocumentError` for a secret that cannot be read.
    init(
        _ entry: JSONValue, data: String, location: Location, folder: String, environment: [String: String]
    ) throws {
        self.entry = [:]
        let keys = try converted(entry, location: location, folder: folder, environment)
        self.entry = keys.adding([DataDirectory.key: .string(data)])
    }

    /// Makes the keys for a process that has the secrets and files itself: only the path and the URLs change.
    init(_ entry: JSONValue, data: String, location: Location, folder: String) throws {
        self.entry = [:]
        isSelfContained = true
        let keys = try converted(entry, location: location, folder: folder, [:])
        self.entry = keys.adding([DataDirectory.key: .string(data)])
    }

    private var isSelfContained = false

    private mutating func converted(
        _ value: JSONValue, key: String? = nil, location: Location, folder: String, _ variables: [String: String]
    ) throws -> JSONValue {
        switch value {
        case .object(let members):
            if !isSelfContained, let source = Self.source(members, folder: folder) {
                let name = "DR_ORDER_\(environment.count)"
                environment[name] = try Secret(source, location: location).resolve(environment: variables)
                return ["env": .string(name)]
            }
            var converted: [String: JSONValue] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                converted[name] = try self.converted(
                    member, key: name, location: location, folder: folder, variables)
            }
            return .object(converted)
        case .array(let values):
            return .array(
                try values.map { try converted($0, key: nil, location: location, folder: folder, variables) })
        case .string(let text):
            if let key, Self.fileKeys.contains(key), !isSelfContained {
                let name = "file-\(files.count)"
                let path = text.hasPrefix("/") ? text : "\(folder)/\(text)"
                files[name] = Data(try InputFile.head(of: path, upTo: Self.longestFile))
                return .string(name)
            }
            if case .success(let address) = ClusterAddress.parse(text) { return .string(address.url + address.path) }
            return value
        default: return value
        }
    }

    private static func source(_ members: [String: JSONValue], folder: String) -> Secret.Source? {
        guard members.count == 1, let (key, value) = members.first.map({ ($0.key, $0.value) }) else { return nil }
        switch (key, value) {
        case ("env", .string(let name)): return .environment(name)
        case ("file", .string(let path)): return .file(path.hasPrefix("/") ? path : "\(folder)/\(path)")
        case ("command", .array(let words)): return .command(words.compactMap(\.text))
        default: return nil
        }
    }
}
