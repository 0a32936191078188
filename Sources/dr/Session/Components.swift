import ArgumentParser
import Configuration
import FileTree
import Foundation
import HTTP
import PrometheusSnapshot
import Repository

/// The registry of component kinds: a new kind is one case in each function.
enum Components {
    static func source(_ component: ComponentConfiguration, _ session: Session) throws -> any ComponentSource {
        switch try component.options() {
        case let options as FilesOptions: FileTreeSource(data: options.data, exclusions: options.exclude)
        case let options as PrometheusOptions:
            PrometheusSource(
                url: options.server.url, data: options.data, client: try client(options.server),
                skipHead: options.skipHead, pool: session.pool)
        default: throw ValidationError("component '\(component.name)': kind '\(component.kind)' has no source")
        }
    }

    /// The checks of a kind for what was restored; nil where files are just files.
    static func restorer(kind: String, _ component: ComponentConfiguration?, _ session: Session) throws
        -> (any ComponentRestorer)?
    {
        guard kind == PrometheusRestorer.kind else { return nil }
        // The server may be gone, as on the worst day: what it could say about its retention is then left out.
        let options = try component?.options() as? PrometheusOptions
        return PrometheusRestorer(
            url: options?.server.url, client: try options.map { try client($0.server) } ?? HTTPClient(),
            pool: session.pool, now: { Int(Date().timeIntervalSince1970 * 1000) })
    }

    private static func client(_ access: HTTPAccess) throws -> HTTPClient {
        let environment = ProcessInfo.processInfo.environment
        var options = HTTPOptions()
        options.userAgent = "dr/\(DR.version)"
        if let username = access.username, let password = access.password {
            options.authorization = .basic(
                user: username, password: try password.resolve(environment: environment))
        } else if let token = access.bearerToken {
            options.authorization = .bearer(token: try token.resolve(environment: environment))
        }
        options.caFile = access.tls.caFile
        options.clientCertificate = access.tls.certificateFile
        options.clientKey = access.tls.keyFile
        options.isInsecure = access.tls.insecure
        return HTTPClient(options)
    }

    /// The configured components that were asked for by name, all when none was.
    static func chosen(_ names: [String], of configuration: Configuration) throws -> [ComponentConfiguration] {
        guard !names.isEmpty else { return configuration.components }
        return try names.map { name in
            guard let component = configuration.component(named: name) else {
                let known = configuration.components.map(\.name).joined(separator: ", ")
                throw ValidationError("there is no component '\(name)' in the configuration; it has: \(known)")
            }
            return component
        }
    }
}
