import BackupRepository
import Components
import Console
import FileTree
import Foundation
import HTTP
import Lab
import ObjectStorage
import Operations
import Platform
import StackConfiguration
import Synchronization

/// A stack of one folder of files with its repository and its console, without the program.
final class ConsoleFixture: Sendable {
    let folder: TemporaryFolder
    let session: Session
    let state: StackState
    let site: Site
    let requests: Requests

    /// The requests that the console made to its store.
    final class Requests: Sendable {
        private let stores = Mutex<[CountingStore]>([])
        var all: [String] { stores.withLock { $0 }.flatMap(\.calls) }
        /// The number of requests over each connection to the store.
        var counts: [Int] { stores.withLock { $0 }.map(\.calls.count) }

        func after(_ counts: [Int]) -> [String] {
            stores.withLock { $0 }.enumerated().flatMap { number, store in
                store.calls.dropFirst(number < counts.count ? counts[number] : 0)
            }
        }

        func wrap(_ store: any ObjectStore) -> any ObjectStore {
            let counting = CountingStore(store)
            stores.withLock { $0.append(counting) }
            return counting
        }
    }

    var data: URL { folder.url.appending(path: "data") }
    var repository: URL { folder.url.appending(path: "repository") }

    init(token: String? = nil, extra: String = "") async throws {
        folder = try TemporaryFolder("console")
        let data = folder.url.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let text = """
            stack: "a <script>alert(1)</script> stack"
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            objectives: {rpo: 1h, rto: 4h}
            retention: {hourly: 24h, daily: 30d}
            components:
              tree: {kind: files, data: \(data.path)}
            \(extra)

            """
        let file = folder.url.appending(path: "dr.yaml")
        try Data(text.utf8).write(to: file)
        var options = OutputOptions()
        options.quiet = true
        var session = try Session(options, configuration: file.path, kinds: [FilesComponent.self])
        let store = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
        _ = try Repository.create(in: store, tool: Release.tool, now: session.now())
        let requests = Requests()
        session.wrapsStore = { requests.wrap($0) }
        self.requests = requests
        self.session = session
        state = StackState(session)
        site = Site(state, VisitorRules(address: .standard, token: token.map { Array($0.utf8) }))
    }

    func write(_ path: String, _ content: some Sequence<UInt8>) throws {
        let file = data.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: file)
    }

    /// Backs up the folder, and lets the console look at the store.
    @discardableResult
    func backUp() async throws -> BackupSet {
        var job = try BackupJob(session, Output(options: session.options), only: [])
        job.readsShare = false
        job.prunes = false
        let set = try await job.run().set
        await state.refresh()
        return set
    }

    /// Asks the console without a network.
    func get(
        _ target: String, method: String = "GET", headers: [String: String] = [:], body: String = "",
        network: [UInt8] = []
    ) async -> WebResponse {
        var headers = headers
        if headers["host"] == nil { headers["host"] = "localhost:9419" }
        guard var request = WebRequest(method: method, target: target, headers: headers) else {
            return WebResponse(400, text: "")
        }
        request.body = Array(body.utf8)
        request.network = network
        return await session.pool.run { [site, request] in site.answer(request) }
    }

    /// Starts the console on a free port.
    func serve() throws -> WebServer {
        var settings = WebServer.Settings()
        settings.address = ListenAddress(host: "127.0.0.1", port: 0)
        return try WebServer(settings, answer: site.answer)
    }

    /// Gets an address over the network.
    func fetch(_ target: String, from server: WebServer) async throws -> (status: Int, body: [UInt8]) {
        let address = server.address
        return try await session.pool.run {
            let (response, body) = try HTTPClient().send(HTTPRequest("GET", "http://\(address)\(target)"))
            return (response.status, body)
        }
    }
}

extension WebResponse {
    var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
