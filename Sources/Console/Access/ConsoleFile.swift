import FoundationEssentials
import Platform

/// Small files that the console reads when it starts: certificates, keys, the token.
package enum ConsoleFile {
    private static let most = 1 << 20

    package static func text(_ path: String) throws -> String {
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch {
            throw ConsoleError("read '\(path.printable)'", "it does not exist, or this user may not read it")
        }
        guard data.count <= most, let text = String(validating: data, as: UTF8.self) else {
            throw ConsoleError("read '\(path.printable)'", "it is not a text file of at most 1 MiB")
        }
        return text
    }

    /// The token of a file, without white space around it.
    package static func token(_ path: String) throws -> [UInt8] {
        let text = try text(path)
        let token = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return Array(String(token).utf8)
    }
}
