import BackupRepository
import Cryptography
import FoundationEssentials
internal import Glibc
package import Platform
import RecoveryPlan
import S3
import StackConfiguration

extension Session {
    /// Returns the host, account, network and credentials of this process. Blocks: may ask for credentials.
    package func provenance() -> RunProvenance {
        let holder = RunHolder.current
        let id = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8))?
            .trimmed
        let environment = ProcessInfo.processInfo.environment
        let user = environment["USER"].map { "\($0) (uid \(geteuid()))" } ?? "uid \(geteuid())"
        return RunProvenance(
            host: holder.host, machine: id.flatMap { Self.fingerprint($0, of: "machine") },
            boot: Self.fingerprint(holder.boot, of: "boot"), account: user, networks: RoutedNetworks.current,
            credentials: StoreFactory.permanentAccessKey(configuration.store).flatMap {
                Self.fingerprint($0, of: "access key")
            },
            signer: signerFingerprint, roles: signerFingerprint.flatMap(signerRoles))
    }

    /// Returns the roles of a signer with limits, by its fingerprint.
    private func signerRoles(_ fingerprint: String) -> [String]? {
        let signers = (try? configuration.store.signing?.signers()) ?? []
        return signers.first { $0.fingerprint.hex == fingerprint }?.roles.map(\.rawValue).sorted()
    }

    /// The SHA-256 of the certificate of this host's signing key; nil without a key.
    private var signerFingerprint: String? {
        guard let signing = configuration.store.signing, signing.key != nil, let certificate = signing.certificate
        else {
            return nil
        }
        return (try? X509Certificate.load(certificate))?.first?.fingerprint.hex
    }

    /// A hash that is the same for the same identity everywhere, and is not its plain SHA-256.
    private static func fingerprint(_ identity: String, of kind: String) -> String? {
        identity.isEmpty ? nil : String(Digest(of: Array("dr \(kind) \(identity)".utf8)).hex.prefix(32))
    }
}
