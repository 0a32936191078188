internal import Archiving
internal import BackupRepository
internal import Documents
internal import Foundation
package import Lab

/// The configuration and the plans that a set holds, from which a recovery on a new machine begins.
package struct RecoveryDocumentsTarget: FuzzTarget {
    package static let name = "recovery"
    private let seed: JSONText

    /// The member of a valid set.
    static func member() throws -> String? {
        try RecoveryDocuments(
            configuration: "stack: fuzz\n", folder: "/etc/dr",
            plans: [.init(file: "loss.yaml", text: "scenario: loss\n"), .init(file: "b.yml", text: "x")], builtIn: [:],
            tool: "fuzz", removed: ["password"]
        ).encoded()
    }

    init() throws {
        let stored = Data(base64Encoded: try Self.member() ?? "") ?? Data()
        let plain = try GzipStream.decode([UInt8](stored), limit: 1 << 20)
        seed = JSONText(try JSONValue(parsing: plain).removing(["sha256"]))
    }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        let sealed = RepositoryObjects.sealed(JSONMutation.apply(to: seed, &random))
        let member = Array(Data(RepositoryObjects.compressed(sealed)).base64EncodedString().utf8)
        return random.below(4) == 0 ? ByteMutation.apply(to: member, &random) : member
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) throws {
        let set = Timestamp(seconds: RepositoryBase.start)
        guard let documents = try? RecoveryDocuments(decoding: String(decoding: input, as: UTF8.self), of: set) else {
            return
        }
        for plan in documents.plans where plan.file.contains("/") || plan.file.hasPrefix(".") {
            throw FuzzFinding("a plan file may be named '\(plan.file)'")
        }
    }
}
