import BackupRepository
import RecoveryChecks
import StackConfiguration

/// How one kind of component is made from its settings. A new kind is one of these, and one line in ``Components``.
protocol ComponentDriver: Sendable {
    associatedtype Options: ComponentOptions

    static func source(_ options: Options, _ session: Session) throws -> any ComponentSource

    /// The checks of the kind for what was restored; nil where files are just files.
    /// - Parameter options: nil where the component is not in the configuration any more, as may be on the worst day.
    static func restorer(_ options: Options?, _ session: Session) throws -> (any ComponentRestorer)?

    /// What brings the kind back where putting files in place is not enough; nil where it is.
    static func importer(_ options: Options?, _ session: Session) throws -> (any ComponentImporter)?

    /// What knows what the kind's backups lack; nil where they lack nothing that the kind knows of.
    static func gaps(_ options: Options, _ session: Session) throws -> (any GapFinder)?

    /// Whether the kind can be restored by tenant and time.
    static var canSlice: Bool { get }

    /// The directory where the component lives on this machine, absolute: where a recovery puts it back. Nil where it
    /// lives in a server, or elsewhere.
    static func home(_ options: Options) -> String?

    /// The component as checks see it: its server, with credentials, and what else its kind offers to look at.
    static func checked(_ options: Options, name: String, _ session: Session) throws -> CheckedStack.Component
}

extension ComponentDriver {
    static func restorer(_ options: Options?, _ session: Session) throws -> (any ComponentRestorer)? { nil }
    package static func importer(_ options: Options?, _ session: Session) throws -> (any ComponentImporter)? { nil }
    package static func gaps(_ options: Options, _ session: Session) throws -> (any GapFinder)? { nil }
    package static var canSlice: Bool { false }
    static func home(_ options: Options) -> String? { nil }
    package static func checked(_ options: Options, name: String, _ session: Session) throws -> CheckedStack.Component {
        CheckedStack.Component(name: name, kind: kind)
    }
    package static var kind: String { Options.kind }
}
