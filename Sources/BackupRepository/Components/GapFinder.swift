/// Finds data of a component that its backups lack, from the knowledge of each kind.
package protocol GapFinder: Sendable {
    /// Searches, without changing anything.
    /// - Throws: ``ComponentError`` and the kind's own errors, if the component cannot be queried.
    func gaps(_ surroundings: GapSurroundings) async throws -> [Gap]
}

/// An object of the stack that is in no backup.
package struct Gap: Codable, Equatable, Sendable {
    /// The object that is not in a backup: "organisation 'Sales' (3)".
    package var object: String
    /// The loss if the stack is lost.
    package var why: String
    /// The way to include it in a backup, or to keep it elsewhere.
    package var remedy: String
    /// True if it is in files of the server's machine, so that the remedy is a backup of these files.
    package var isInFiles: Bool

    package init(_ object: String, why: String, remedy: String, isInFiles: Bool = false) {
        self.object = object
        self.why = why
        self.remedy = remedy
        self.isInFiles = isInFiles
    }
}

/// Facts that a component does not know itself: the other backed-up components, and its own newest backup.
package struct GapSurroundings: Sendable {
    /// Absolute paths of trees that are backed up on this machine.
    package var trees: [String]
    /// Names and kinds of the components that are configured.
    package var components: Set<String>
    /// Values that the newest backup of this component lacks, because its server never shows them.
    package var withheld: [Withheld]
    /// The claims of clusters whose data are backed up.
    package var claims: [BackedUpClaims]
    /// The buckets whose objects are backed up.
    package var buckets: [BackedUpBucket] = []
    /// True if the server of this component runs in a pod: the paths that it reports are not on this machine.
    package var isInPod = false

    package init(
        trees: [String] = [], components: Set<String> = [], withheld: [Withheld] = [], claims: [BackedUpClaims] = []
    ) {
        self.trees = trees
        self.components = components
        self.withheld = withheld
        self.claims = claims
    }

    /// Returns true if the data of a claim are backed up.
    package func covers(claim: String, in namespace: String) -> Bool {
        claims.contains { $0.contains(claim, in: namespace) }
    }

    /// Returns true if all objects that a server keeps in a bucket are backed up.
    /// - Parameters:
    ///   - bucket: the bucket's name; nil if the server does not show it.
    ///   - program: the server's program, which a component that copies its objects names.
    package func covers(bucket: String?, of program: String) -> Bool {
        buckets.contains { $0.program == program && (bucket == nil || $0.name == bucket) }
    }

    /// Returns true if an absolute path is in a tree that is backed up, or is one.
    package func covers(_ path: String) -> Bool {
        trees.contains { path == $0 || path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
    }

    /// Returns true if an absolute path that the server of this component reports is backed up on this machine.
    package func covers(reported path: String) -> Bool { !isInPod && covers(path) }

    /// Returns true if the name, kind or path of a component mentions a program: "promtail".
    package func mentions(_ program: String) -> Bool {
        components.contains { $0.contains(program) } || trees.contains { $0.contains(program) }
    }
}

/// The objects of a bucket that one component backs up.
package struct BackedUpBucket: Equatable, Sendable {
    package var name: String
    /// The program that keeps its data there; nil for any objects.
    package var program: String?

    package init(name: String, program: String?) {
        self.name = name
        self.program = program
    }
}

/// The claims whose data one component backs up.
package struct BackedUpClaims: Equatable, Sendable {
    /// Nil for the context's namespace, which is not known.
    package var namespace: String?
    /// The claim's name; nil for the claims of ``workload``.
    package var claim: String?
    /// The workload that uses the claims, by its name alone: "metrics".
    package var workload: String?

    package init(namespace: String?, claim: String?, workload: String?) {
        self.namespace = namespace
        self.claim = claim
        self.workload = workload
    }

    /// Claims of a StatefulSet are named TEMPLATE-WORKLOAD-NUMBER.
    func contains(_ name: String, in namespace: String) -> Bool {
        guard self.namespace == nil || self.namespace == namespace else { return false }
        if let claim { return claim == name }
        guard let workload, let dash = name.lastIndex(of: "-") else { return false }
        let number = name[name.index(after: dash)...]
        return !number.isEmpty && number.allSatisfy(\.isNumber) && name[..<dash].hasSuffix("-\(workload)")
    }
}

extension Gap {
    /// Returns the first few of some names, and the number of the rest.
    package static func list(_ names: [String], most: Int = 8) -> String {
        let shown = names.prefix(most).joined(separator: ", ")
        return names.count > most ? "\(shown) and \(names.count - most) more" : shown
    }
}
