import Foundation
import Lab
import Testing

/// The commands of a page of the documentation, to run them as they stand there.
enum DocumentedCommands {
    /// Returns the page's `sh` blocks by the word after the language.
    /// - Parameter page: the name of a file in docs/.
    static func blocks(of page: String) throws -> [String: String] {
        let text = try String(contentsOf: Journey.checkout.appending(path: "docs/\(page)"), encoding: .utf8)
        var blocks: [String: String] = [:]
        for part in text.components(separatedBy: "```sh ").dropFirst() {
            let lines = part.components(separatedBy: "\n")
            let end = try #require(lines.firstIndex(of: "```"))
            blocks[lines[0]] = lines[1..<end].joined(separator: "\n")
        }
        return blocks
    }
}
