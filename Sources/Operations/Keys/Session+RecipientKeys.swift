import FoundationEssentials
import Platform
import StackConfiguration

extension Session {
    /// Returns the file of a recovery key beside the certificate of a recipient: `recovery.pem` for `recovery.pem.crt`.
    /// - Throws: `UsageError` if there is none.
    package func keyBesideRecipient() throws -> String {
        let beside = configuration.store.recipients.filter { $0.hasSuffix(".crt") }.map { String($0.dropLast(4)) }
        if let key = beside.first(where: { FileManager.default.fileExists(atPath: $0) }) { return key }
        throw UsageError(
            "no recovery key lies beside the certificate of a recipient", hint: "name it: --recovery-key KEY")
    }
}
