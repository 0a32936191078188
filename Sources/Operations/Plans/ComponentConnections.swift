import Components
import FoundationEssentials
package import HTTP
import RecoveryPlan
import StackConfiguration

extension StackRecovery {
    /// The credentials and certificates of the component with the URL's server, so that plans need not repeat them.
    package func connection(to url: String) throws -> HTTPOptions? {
        let servers = session.configuration.components.compactMap(\.settings.server).filter { server in
            url == server.url || url.hasPrefix("\(server.url)/") || url.hasPrefix("\(server.url)?")
        }
        return try servers.max { $0.url.utf8.count < $1.url.utf8.count }.map {
            try HTTPOptions($0, environment: ProcessInfo.processInfo.environment, userAgent: Release.userAgent)
        }
    }
}
