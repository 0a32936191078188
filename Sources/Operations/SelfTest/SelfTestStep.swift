/// One step of `dr self-test`.
package struct SelfTestStep: Encodable, Equatable, Sendable {
    package enum Name: String, Encodable, Sendable, CaseIterable {
        case folder, start, keys, repository, backup, verify, encryption, restore, damage, refusal, signature, clean

        /// The steps that run the program, in their order.
        static let ofProgram = allCases.filter { $0 != .folder && $0 != .clean }

        var about: String {
            switch self {
            case .folder: "create a temporary folder with sample data"
            case .start: "start the program again"
            case .keys: "create a recovery key with a passphrase, and a signing key"
            case .repository: "create a repository"
            case .backup: "back up the sample data, encrypted and signed"
            case .verify: "read and check every stored byte"
            case .encryption: "refuse a restore without the recovery key"
            case .restore: "restore with the recovery key, and compare every file"
            case .damage: "find one changed byte in a pack"
            case .refusal: "refuse to restore the damaged data"
            case .signature: "refuse a set of another signer"
            case .clean: "remove the temporary folder"
            }
        }
    }

    package enum Verdict: String, Encodable, Sendable { case passed, failed, skipped }

    package var name: Name
    package var about: String
    package var verdict = Verdict.passed
    package var seconds = 0.0
    /// The largest resident memory of a run of the program, in bytes; nil for a step that does not run it.
    package var peakMemory: Int?
    /// The measured facts of a passed step, the cause of a failed or skipped one.
    package var detail: String?

    init(_ name: Name) {
        self.name = name
        about = name.about
    }
}

/// The error of a step.
struct SelfTestFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
