package import BackupRepository
import StackConfiguration

/// What an operator does about damaged objects of a store: the same words in every command that finds some.
enum DamageAdvice {
    /// The command that puts back what another store has.
    /// - Parameters:
    ///   - readsData: false if packs of the right size are known to be good.
    ///   - copy: the name of the copy in dr.yaml that is damaged; nil for the first store.
    static func command(readsData: Bool, inCopy copy: String?) -> String {
        StoreCommand.text("repair\(readsData ? " --read-data" : "")", inCopy: copy)
    }

    static func text(_ command: String) -> String { "`\(command)` puts back what another store has" }
}

extension Session {
    /// The advice on damage in this store, for a hint.
    /// - Parameter readsData: false if only a check that reads no packs found it.
    package func damageAdvice(readsData: Bool) -> String {
        if isOnCopy { return DamageAdvice.text(DamageAdvice.command(readsData: readsData, inCopy: copyName)) }
        let remedy =
            configuration.store.copies.isEmpty
            ? "an older set may have the data: `dr list` shows the sets"
            : DamageAdvice.text(DamageAdvice.command(readsData: readsData, inCopy: nil))
        // Only a machine of the stack makes backups.
        guard !isWithoutConfiguration, recorded == nil else { return remedy }
        return "\(remedy); the next `dr backup` stores again what the source still has"
    }

    /// Notes for `dr status` what a check of this copy found; nothing for the first store, whose marks say it. A note that
    /// cannot be written is a warning.
    /// - Parameters:
    ///   - objects: the number of damaged and missing objects.
    ///   - isComplete: false if the check passed over a part of the copy.
    package func noteDamage(
        _ objects: Int, depth: VerificationLevel, isComplete: Bool, in repository: Repository
    ) {
        guard let copyName else { return }
        let check = CopyDamage(objects: objects, found: now(), depth: depth, location: ownAddress)
        do { try state(of: repository).record(check, ofCopy: copyName, isComplete: isComplete) } catch {
            Output(options: options).warn("the damage of copy \(copyName) could not be noted: \(error)")
        }
    }
}
