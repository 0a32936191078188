import BackupRepository
import Documents
import Foundation
import Git
import StackConfiguration

enum GitDriver: ComponentDriver {
    static func home(_ options: GitOptions) -> String? { options.url.hasPrefix("/") ? options.url : nil }

    static func source(_ options: GitOptions, _ session: Session) throws -> any ComponentSource {
        var access = GitAccess()
        access.username = options.username
        access.password = try options.password?.resolve(environment: ProcessInfo.processInfo.environment)
        access.sshKey = options.sshKey
        access.sshKnownHosts = options.sshKnownHosts
        access.caFile = options.caFile
        return GitSource(url: options.url, branch: options.branch, access: access, pool: session.pool)
    }

    static func importer(_ options: GitOptions?, _ session: Session) -> (any ComponentImporter)? {
        GitImporter(pool: session.pool, stamp: "\(Session.now())")
    }
}
