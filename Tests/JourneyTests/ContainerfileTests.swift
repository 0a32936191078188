import Foundation
import Lab
import Testing

/// The image cannot be built without a container engine, so its lists are compared with the program and the scripts.
@Suite struct ContainerfileTests {
    /// One instruction, its continuation lines joined.
    private struct Instruction {
        var word: String
        var text: String
    }

    /// The stages, each with its instructions.
    private static func stages() throws -> [[Instruction]] {
        let text = try String(contentsOf: Checkout.url("deploy/Containerfile"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
            .replacing("\\\n", with: " ").split(separator: "\n").map(String.init)
        var stages: [[Instruction]] = []
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            let instruction = Instruction(word: parts[0], text: parts.count > 1 ? parts[1] : "")
            if instruction.word == "FROM" { stages.append([]) }
            guard !stages.isEmpty else { throw LabError("an instruction before FROM: \(line)") }
            stages[stages.count - 1].append(instruction)
        }
        return stages
    }

    /// The packages that a stage installs.
    private static func packages(_ stage: [Instruction]) -> [String] {
        var packages: [String] = []
        for run in stage where run.word == "RUN" {
            for command in run.text.components(separatedBy: "&&") where command.contains("apt-get install") {
                let words: [String] = command.split(separator: " ").map(String.init)
                let start = words.firstIndex(of: "install") ?? words.startIndex
                packages += words[start...].dropFirst().filter { !$0.hasPrefix("-") }
            }
        }
        return packages
    }

    @Test func `each instruction is known, and the image does not run as root`() throws {
        let stages = try Self.stages()
        #expect(stages.count == 3)
        let known: Set = ["FROM", "RUN", "WORKDIR", "COPY", "ARG", "USER", "ENTRYPOINT"]
        for instruction in stages.joined() { #expect(known.contains(instruction.word), "\(instruction)") }
        let names = stages.compactMap { stage in
            stage[0].text.firstRange(of: " AS ").map { String(stage[0].text[$0.upperBound...]) }
        }
        for stage in stages {
            #expect(stage[0].text.hasPrefix("docker.io/library/"))
            for copy in stage where copy.word == "COPY" && copy.text.hasPrefix("--from=") {
                #expect(names.contains { copy.text.hasPrefix("--from=\($0) /out/") }, "\(copy)")
            }
        }
        let last = try #require(stages.last)
        #expect(last.filter { $0.word == "USER" }.map(\.text) == ["65532:65532"])
        #expect(last.last?.word == "ENTRYPOINT" && last.last?.text.hasSuffix("\"/usr/local/bin/dr\"]") == true)
    }

    @Test func `the build stage has the libraries that Scripts/prepare installs`() throws {
        let script = try String(contentsOf: Checkout.url("Scripts/prepare"), encoding: .utf8)
        let libraries = try #require(script.firstMatch(of: /libraries=\(([^)]*)\)/)).1.split(separator: " ").map(
            String.init)
        #expect(Self.packages(try Self.stages()[0]).sorted() == libraries.sorted())
    }

    @Test(.enabled(if: LabTool.isInstalled("dpkg-query") && LabTool.isInstalled("readelf")))
    func `the image has the libraries that the program needs, and no others`() async throws {
        let program = Journey.program
        let linked = try await LabTool.output("/usr/bin/ldd", [program])
        let paths = Dictionary(
            linked.split(separator: "\n").compactMap { line -> (String, String)? in
                let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
                return words.count > 2 && words[1] == "=>" ? (words[0], words[2]) : nil
            }
        ) { $1 }
        let needed = try await LabTool.output(try LabTool.path("readelf"), ["-d", program])
            .matches(of: /\(NEEDED\).*\[(.*)\]/).map { String($0.1) }
        var packages: Set<String> = []
        for library in needed {
            guard let path = paths[library], !path.contains("/swift/") else { continue }
            let file = URL(filePath: path).resolvingSymlinksInPath().path
            // The list may name the file in /lib, of which /usr/lib is the other name.
            for name in [file, file.replacing(/^\/usr/, with: "")] {
                let owner = try await LabTool.output(try LabTool.path("dpkg-query"), ["--search", name])
                if let package = owner.split(separator: ":").first { packages.insert(String(package)) }
            }
        }
        #expect(packages.count > 5, "\(needed)")
        let image = Set(Self.packages(try #require(Self.stages().last)))
        // These are in every Debian image.
        let essential: Set = ["libc6", "libgcc-s1", "libstdc++6"]
        #expect(packages.subtracting(essential).subtracting(image) == [])
        let libraries = image.filter { $0.hasPrefix("lib") || $0 == "zlib1g" }
        #expect(libraries.subtracting(packages) == [])
        #expect(image.isSuperset(of: ["ca-certificates", "git", "openssh-client", "tini"]))
    }
}
