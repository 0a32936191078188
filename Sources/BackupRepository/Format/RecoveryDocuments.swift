internal import Archiving
package import Cryptography
internal import FoundationEssentials
internal import ObjectStorage
internal import Platform

/// The configuration and the plans of a stack at the time of a backup, without secrets. A set holds them, so that a new
/// machine can run a plan.
package struct RecoveryDocuments: Codable, Equatable, Sendable {
    package struct Plan: Codable, Equatable, Sendable {
        /// The name of the file, without a folder.
        package var file: String
        package var text: String

        package init(file: String, text: String) {
            self.file = file
            self.text = text
        }
    }

    package var format = RepositoryFormat.version
    /// The text of `dr.yaml`.
    package var configuration: String
    /// The absolute path of its folder, from which relative paths start.
    package var folder: String
    /// The stack's own plans.
    package var plans: [Plan]
    /// The SHA-256 of each built-in plan that the stack can use, by its scenario.
    package var builtIn: [String: Digest]
    /// The program that wrote this and whose built-in plans they are.
    package var tool: String
    /// The keys whose literal secrets were removed.
    package var removed: [String]

    package init(
        configuration: String, folder: String, plans: [Plan], builtIn: [String: Digest], tool: String, removed: [String]
    ) {
        self.configuration = configuration
        self.folder = folder
        self.plans = plans
        self.builtIn = builtIn
        self.tool = tool
        self.removed = removed
    }

    // MARK: The member of a set

    /// The largest text in a set.
    package static let mostBytes = 64 << 10
    private static let mostPlainBytes = 1 << 20
    private static let mostPlans = 500

    /// Returns the member `recovery` of a set: gzip in base64.
    /// - Returns: nil if it is larger than ``mostBytes``.
    package func encoded() throws -> String? {
        let plain = try SealedDocument.encode(self)
        guard plain.count <= min(Self.mostPlainBytes, GzipEncoder.maximumMember) else { return nil }
        var gzip = GzipEncoder()
        var stored: [UInt8] = []
        gzip.encode(plain.span.bytes, into: &stored)
        let text = Data(stored).base64EncodedString()
        return text.utf8.count <= Self.mostBytes ? text : nil
    }

    /// - Parameter set: the name of the set in messages.
    /// - Throws: ``RepositoryError`` `.damaged`.
    package init(decoding member: String, of set: Timestamp) throws {
        let name = "\(Layout.set(set).text): recovery"
        guard member.utf8.count <= Self.mostBytes, let stored = Data(base64Encoded: member) else {
            throw RepositoryError.damaged(name, "it is not base64, or is too long")
        }
        let plain: [UInt8]
        do { plain = try GzipStream.decode([UInt8](stored), limit: Self.mostPlainBytes) } catch {
            throw RepositoryError.damaged(name, "\(error)")
        }
        self = try SealedDocument.decode(RecoveryDocuments.self, plain, name: name)
    }
}

extension RecoveryDocuments: RepositoryDocument {
    var defect: String? {
        guard plans.count <= Self.mostPlans else { return "it has \(plans.count) plans" }
        guard folder.hasPrefix("/"), !folder.contains("\0") else { return "its folder is not an absolute path" }
        var files: Set<String> = []
        for plan in plans {
            // The names become files on a new machine.
            guard Self.isFileName(plan.file), files.insert(plan.file).inserted else {
                return "it names a plan file '\(plan.file.printable)'"
            }
        }
        return nil
    }

    private static func isFileName(_ name: String) -> Bool {
        (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) && !name.hasPrefix(".") && name.utf8.count <= 255
            && !name.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 || $0.value == 0x7f }
    }
}

extension BackupSet {
    /// Returns the configuration and the plans of the stack at the time of this set.
    /// - Throws: ``RepositoryError`` `.damaged`, or `.noSuchComponent` if the set does not hold them.
    package func recoveryDocuments() throws -> RecoveryDocuments {
        guard let recovery else {
            throw RepositoryError(
                .noSuchComponent, object: "configuration", "set \(name) does not hold the configuration of the stack",
                hint: "its backup was made by an older dr, or with plans that are too large; "
                    + "`dr restore --all` restores the data, and `dr init` writes a new dr.yaml")
        }
        return try RecoveryDocuments(decoding: recovery, of: name)
    }
}
