/// The profiles of `~/.aws/credentials` and `~/.aws/config`.
package struct SharedProfiles: Sendable {
    /// The keys by profile name; keys of nested blocks are written `s3.addressing_style`.
    private var profiles: [String: [String: String]] = [:]
    private var services: [String: [String: String]] = [:]
    /// The names of both files, for messages.
    let files: String

    /// Reads both files; a missing file counts as empty.
    /// - Throws: ``S3DocumentError`` for a file that cannot be read.
    package init(_ environment: AWSEnvironment) throws {
        let config = environment["AWS_CONFIG_FILE"] ?? "~/.aws/config"
        let credentials = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? "~/.aws/credentials"
        files = "'\(config)' or '\(credentials)'"
        for (name, keys) in Self.sections(try environment.text(of: config) ?? "") {
            if name == "default" {
                profiles[name, default: [:]].merge(keys) { $1 }
            } else if let name = Self.rest(of: name, after: "profile") {
                profiles[name, default: [:]].merge(keys) { $1 }
            } else if let name = Self.rest(of: name, after: "services") {
                services[name, default: [:]].merge(keys) { $1 }
            }
        }
        // If both files have a profile, the credentials file takes precedence.
        for (name, keys) in Self.sections(try environment.text(of: credentials) ?? "") {
            profiles[name, default: [:]].merge(keys) { $1 }
        }
    }

    package subscript(_ profile: String) -> [String: String]? { profiles[profile] }

    /// Returns the profile that the environment selects.
    package static func selected(_ environment: AWSEnvironment) -> String {
        environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"] ?? "default"
    }

    /// Returns the S3 endpoint of a profile; its `services` section takes precedence.
    package func endpoint(of profile: String) -> String? {
        guard let keys = profiles[profile] else { return nil }
        return keys["services"].flatMap { services[$0]?["s3.endpoint_url"] } ?? keys["endpoint_url"]
    }

    private static func rest(of name: String, after word: String) -> String? {
        let words = name.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0] == word else { return nil }
        return trimmed(words[1].filter { $0 != "\"" && $0 != "'" })
    }

    /// Parses `[section]`, `key = value`, comments after `#` or `;`, and indented `key = value` under a `key =`.
    private static func sections(_ text: String) -> [(String, [String: String])] {
        var sections: [(String, [String: String])] = []
        var block: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let isIndented = line.first == " " || line.first == "\t"
            let line = trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[", let end = line.firstIndex(of: "]") {
                sections.append((trimmed(line[line.index(after: line.startIndex)..<end]), [:]))
                block = nil
                continue
            }
            guard let equals = line.firstIndex(of: "="), let last = sections.indices.last else { continue }
            let key = trimmed(line[..<equals]).lowercased()
            var value = trimmed(line[line.index(after: equals)...])
            // A comment after a value needs a space before it, because secrets may contain these characters.
            for mark in [" #", " ;"] {
                if let start = value.firstRange(of: mark) { value = trimmed(value[..<start.lowerBound]) }
            }
            if isIndented, let block {
                sections[last].1["\(block).\(key)"] = value
            } else {
                block = value.isEmpty ? key : nil
                if !value.isEmpty { sections[last].1[key] = value }
            }
        }
        return sections
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        guard let end = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[start...end])
    }
}
