/// Finds what a component has and its backups lack: what each kind knows of itself.
package protocol GapFinder: Sendable {
    /// Looks, without changing anything.
    /// - Throws: ``ComponentError`` and the kind's own errors, when the component cannot be asked.
    func gaps(_ surroundings: GapSurroundings) async throws -> [Gap]
}

/// Something that lives in the stack and is in no backup.
package struct Gap: Codable, Equatable, Sendable {
    /// What is not in a backup: "organisation 'Sales' (3)".
    package var object: String
    /// What is lost with it on the worst day.
    package var why: String
    /// How it gets into a backup, or how else to keep it.
    package var remedy: String

    package init(_ object: String, why: String, remedy: String) {
        self.object = object
        self.why = why
        self.remedy = remedy
    }
}

/// What a component cannot know itself: what else is backed up, and what its own newest backup says.
package struct GapSurroundings: Sendable {
    /// Absolute paths of trees that are backed up on this machine.
    package var trees: [String]
    /// Names and kinds of the components that are configured.
    package var components: Set<String>
    /// What the newest backup of this component lacks, for its server shows it to nobody.
    package var withheld: [Withheld]

    package init(trees: [String] = [], components: Set<String> = [], withheld: [Withheld] = []) {
        self.trees = trees
        self.components = components
        self.withheld = withheld
    }

    /// Whether an absolute path is in a tree that is backed up, or is one.
    package func covers(_ path: String) -> Bool {
        trees.contains { path == $0 || path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
    }

    /// Whether a component, by its name, kind or place, seems to be about a program: "alertmanager".
    package func mentions(_ program: String) -> Bool {
        components.contains { $0.contains(program) } || trees.contains { $0.contains(program) }
    }
}

extension Gap {
    /// The first few of some names, and how many more there are.
    package static func list(_ names: [String], most: Int = 8) -> String {
        let shown = names.prefix(most).joined(separator: ", ")
        return names.count > most ? "\(shown) and \(names.count - most) more" : shown
    }
}
