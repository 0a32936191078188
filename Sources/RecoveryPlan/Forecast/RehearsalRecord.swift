package import FoundationEssentials
internal import Platform

/// The times of one rehearsal: restores that read everything and wrote nothing.
package struct RehearsalRecord: Codable, Equatable, Sendable {
    package struct Step: Codable, Equatable, Sendable {
        /// See ``RecoveryPlan/Step/work``.
        package var work: String
        package var seconds: Double
        /// Plain bytes of the restored contents.
        package var bytes: Int

        package init(work: String, seconds: Double, bytes: Int) {
            self.work = work
            self.seconds = seconds
            self.bytes = bytes
        }
    }

    /// Nil for a rehearsal of one component.
    package var scenario: String?
    package var at: Date
    /// The rehearsed restores without damage.
    package var steps: [Step]

    package init(scenario: String?, at: Date, steps: [Step]) {
        self.scenario = scenario
        self.at = at
        self.steps = steps
    }
}

/// The rehearsals of this machine: `<state>/rehearsals/<time>-<id>.json`.
package struct RehearsalFolder: Sendable {
    private let path: String

    /// The rehearsals that count, the newest first.
    private static let most = 24
    /// Bytes of a record: a plan has at most some hundred restores.
    private static let longest = 1 << 20

    /// - Parameter state: the configured state folder.
    package init(state: String) { path = "\(state)/rehearsals" }

    /// - Parameter name: begins with the time of the rehearsal, so that names sort by age.
    /// - Throws: `FileError`.
    package func add(_ record: RehearsalRecord, as name: String) throws {
        try Folder.makePrivate(path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        try OutputFile.write(Array(try encoder.encode(record)), to: "\(path)/\(name).json", links: .refuse)
        for old in names().dropLast(Self.most) { try? FileManager.default.removeItem(atPath: "\(path)/\(old)") }
    }

    /// Returns the newest records, the newest first. Unreadable ones are ignored.
    package func records() -> [RehearsalRecord] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        return names().reversed().prefix(Self.most).compactMap { name in
            guard let bytes = try? InputFile.head(of: "\(path)/\(name)", upTo: Self.longest + 1),
                bytes.count <= Self.longest
            else { return nil }
            return try? decoder.decode(RehearsalRecord.self, from: Data(bytes))
        }
    }

    /// The oldest first.
    private func names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".json") }.sorted()
    }
}
