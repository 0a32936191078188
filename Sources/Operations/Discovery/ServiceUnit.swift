import Components
import FoundationEssentials

/// A unit of systemd that starts a server.
struct ServiceUnit: Equatable, Sendable {
    /// "name.service".
    var name: String
    /// The file name of the program.
    var program: String
    var arguments: StartArguments

    /// All units of a machine that start a program, without those of templates.
    /// - Parameter machine: the root folder; empty for this machine.
    static func all(machine: String = "") -> [ServiceUnit] {
        var files: [String: String] = [:]
        // The first folder counts, as for systemd.
        for folder in folders {
            let place = "\(machine)\(folder)"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
            where name.hasSuffix(".service") && !name.contains("@") && files[name] == nil {
                files[name] = "\(place)/\(name)"
            }
        }
        return files.sorted { $0.key < $1.key }.compactMap { name, file in
            guard let text = Self.text(of: file) else { return nil }
            let dropIns = folders.flatMap { folder -> [String] in
                let place = "\(machine)\(folder)/\(name).d"
                let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
                return names.filter { $0.hasSuffix(".conf") }.sorted().compactMap { Self.text(of: "\(place)/\($0)") }
            }
            return ServiceUnit(name, texts: [text] + dropIns, machine: machine)
        }
    }

    private static let folders = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    private static let largest = 1 << 20

    private static func text(of file: String) -> String? {
        guard let content = FileManager.default.contents(atPath: file), content.count <= largest else { return nil }
        return String(decoding: content, as: UTF8.self)
    }

    /// - Parameter texts: of the unit and its drop-ins; a later directive replaces an earlier one.
    init?(_ name: String, texts: [String], machine: String = "") {
        var command: String?
        var variables: [String: String] = [:]
        for line in texts.flatMap(Self.joinedLines) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = line[line.index(after: equals)...].trimmed
            switch line[..<equals].trimmed {
            case "ExecStart": command = value.isEmpty ? nil : command ?? value
            case "Environment":
                for word in Self.words(value) { Self.take(word, &variables) }
            case "EnvironmentFile":
                let file = value.hasPrefix("-") ? String(value.dropFirst()) : value
                for line in (Self.text(of: "\(machine)\(file)") ?? "").split(separator: "\n") {
                    let line = line.trimmed
                    guard !line.hasPrefix("#"), !line.hasPrefix(";") else { continue }
                    Self.take(Self.unquoted(line), &variables)
                }
            default: continue
            }
        }
        guard let command else { return nil }
        let words = Self.words(command).flatMap { Self.expanded($0, variables) }
        // The characters before a path change how systemd starts it.
        guard let first = words.first?.drop(while: { "@-:+!|".contains($0) }), !first.isEmpty else { return nil }
        self.name = name
        program = first.split(separator: "/").last.map(String.init) ?? ""
        arguments = StartArguments(Array(words.dropFirst()))
    }

    /// The lines of a unit without comments; a backslash at the end joins the next one.
    private static func joinedLines(_ text: String) -> [String] {
        var lines: [String] = []
        var open: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.trimmed
            guard !line.hasPrefix("#"), !line.hasPrefix(";") else { continue }
            let all = open.map { "\($0) \(line)" } ?? line
            open = all.hasSuffix("\\") ? all.dropLast().trimmed : nil
            if open == nil { lines.append(all) }
        }
        return lines + (open.map { [$0] } ?? [])
    }

    private static func take(_ assignment: String, _ variables: inout [String: String]) {
        guard let equals = assignment.firstIndex(of: "=") else { return }
        variables[String(assignment[..<equals])] = unquoted(assignment[assignment.index(after: equals)...].trimmed)
    }

    /// An assignment of an environment file may have quotes around its value.
    private static func unquoted(_ text: String) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }

    /// `$NAME` as a separate word becomes several words, `${NAME}` a part of one.
    private static func expanded(_ word: String, _ variables: [String: String]) -> [String] {
        if word.hasPrefix("$"), !word.hasPrefix("${"), !word.hasPrefix("$$") {
            return words(variables[String(word.dropFirst())] ?? "")
        }
        var text = word
        for (name, value) in variables { text = text.replacing("${\(name)}", with: value) }
        return [text]
    }

    /// The words of a command line, with systemd's quotes.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isOpen = false
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\" {
                (isEscaped, isOpen) = (true, true)
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                (quote, isOpen) = (character, true)
            } else if character == " " || character == "\t" {
                if isOpen || !word.isEmpty { words.append(word) }
                (word, isOpen) = ("", false)
            } else {
                word.append(character)
            }
        }
        return isOpen || !word.isEmpty ? words + [word] : words
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
