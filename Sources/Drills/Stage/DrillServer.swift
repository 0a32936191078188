internal import FoundationEssentials
internal import Glibc
internal import HTTP
import Operations
package import Platform
internal import Synchronization
internal import SystemPackage

/// A server that a drill starts, and that stops with the drill even if the drill is killed.
package final class DrillServer: Sendable {
    package let name: String
    private let port: ReservedPort
    private let command: [String]
    private let ready: String
    private let patience: Duration
    private let folder: String
    private let account: ServerAccountRule
    private let environment: [String: String]
    /// A separate thread, which waits for the server until it exits.
    private let pool = BlockingPool(threads: 1)
    private let asking: BlockingPool
    private let running = Mutex<Task<ServerEnd, Never>?>(nil)
    private let note = Mutex<String?>(nil)

    /// The reason for the server's exit.
    private struct ServerEnd: Sendable { var text: String }

    /// - Parameters:
    ///   - command: the program and its arguments, without placeholders.
    ///   - port: the port on which the command listens.
    ///   - ready: the path that responds with success when the server is ready.
    ///   - folder: the existing working directory, which also gets the log.
    ///   - account: the user of the server.
    ///   - pool: the threads for readiness requests.
    package init(
        _ name: String, command: [String], port: ReservedPort, ready: String, patience: Duration, folder: String,
        account: ServerAccountRule = .caller, environment: [String: String], pool: BlockingPool
    ) {
        self.name = name
        self.command = command
        self.port = port
        self.ready = ready
        self.patience = patience
        self.folder = folder
        self.account = account
        self.environment = environment
        asking = pool
    }

    package var url: String { "http://127.0.0.1:\(port.number)" }
    package var log: String { "\(folder)/\(name).log" }

    /// Starts the server and waits until it is ready. Does nothing while it runs.
    /// - Throws: ``DrillError`` with the end of its log or the process on its port; then the server does not run.
    package func start() async throws {
        guard running.withLock({ $0 == nil }) else { return }
        do { try await launch() } catch {
            await stop()
            throw error
        }
    }

    private func launch() async throws {
        port.release()
        guard await asking.run({ [port] in port.isFree }) else { throw await portTaken() }
        let began = ListeningProcess.now()
        let account = try await asking.run { [self] in try chosenAccount() }
        let program = program(as: account)
        let log = log
        let server = Task { [pool] in
            await pool.run { () -> ServerEnd in
                do {
                    // checked: a private folder
                    let file = try FileDescriptor.open(
                        FilePath(log), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
                    defer { try? file.close() }
                    func keep(_ bytes: UnsafeRawBufferPointer) throws { try file.writeAll(bytes) }
                    let end = try program.run(output: keep, errors: keep)
                    return ServerEnd(text: "it exited with status \(end.status)")
                } catch { return ServerEnd(text: "\(error)") }
            }
        }
        running.withLock { $0 = server }
        let died = Mutex<ServerEnd?>(nil)
        Task {
            let end = await server.value
            died.withLock { $0 = end }
        }
        let deadline = ContinuousClock.now + patience
        let client = HTTPClient()
        while !(await answers(client)) {
            if let end = died.withLock({ $0 }) { throw failure(end.text) }
            guard ContinuousClock.now < deadline else {
                throw failure("it was not ready at \(ready) within \(patience)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        // A process that listened on the port before the start is another program.
        if let end = died.withLock({ $0 }) { throw failure(end.text) }
        let listener = await asking.run { [port] in ListeningProcess.on(port.number) }
        if let listener, listener.startedAt < began - Self.tick { throw await portTaken() }
    }

    /// Stops the server and its child processes. Does nothing if it does not run.
    package func stop() async {
        let server = running.withLock { running in
            defer { running = nil }
            return running
        }
        server?.cancel()
        _ = await server?.value
    }

    /// The deviation of the server for the evidence; nil without one.
    package var deviation: String? { note.withLock { $0 } }

    private func program(as account: ServerAccount?) -> Program {
        let command = account?.command(command) ?? command
        return Program(
            command[0], Array(command.dropFirst()), environment: environment, folder: folder,
            timeout: .seconds(7 * 86_400))
    }

    /// - Returns: the account to change to; nil to run as the user of this process.
    /// - Throws: ``DrillError`` if the configured account cannot be used.
    private func chosenAccount() throws -> ServerAccount? {
        switch account {
        case .caller: return nil
        case .owner(let data):
            guard let owner = ServerAccount(ownerOf: data), !owner.isCurrent else { return nil }
            if let obstacle = try obstacle(to: owner) {
                note.withLock {
                    $0 =
                        "the drill's server for \(name) did not run as user \(owner.description), the owner of its data: "
                        + obstacle
                }
                return nil
            }
            return owner
        case .fixed(let account):
            guard !account.isCurrent else { return nil }
            if let obstacle = try obstacle(to: account) {
                throw DrillError(
                    "the drill's server for \(name)", "it cannot run as user \(account.description): \(obstacle)",
                    hint: "see drill.folder and drill.servers.\(name).user in dr.yaml")
            }
            return account
        }
    }

    private func obstacle(to account: ServerAccount) throws -> String? {
        guard geteuid() == 0 else { return "only root may start it as another user" }
        guard try account.canEnter(folder, environment: environment) else {
            return "that user may not enter '\(folder)'; set drill.folder to a directory that all users may enter"
        }
        return nil
    }

    private func answers(_ client: HTTPClient) async -> Bool {
        let request = HTTPRequest("GET", url + ready, stallTimeout: .seconds(2))
        let answer = try? await asking.run { try client.send(request, limit: 1 << 20) }
        return answer?.0.isSuccess == true
    }

    /// The precision of a process's start time: the kernel counts in hundredths of a second.
    private static let tick = 0.02

    private func portTaken() async -> DrillError {
        let who = await asking.run { [port] in port.taken }
        return DrillError(
            "the drill's server for \(name) (\(command.first ?? ""))", who,
            hint: port.isFixed
                ? "stop that program, or change drill.servers.\(name).port"
                : "it was free when the drill chose it: run the drill again to use another port")
    }

    private func failure(_ text: String) -> DrillError {
        let tail = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").suffix(3) ?? []
        return DrillError(
            "the drill's server for \(name) (\(command.first ?? ""))", text + tail.map { "\n  \($0)" }.joined(),
            hint: "see drill.servers.\(name) in dr.yaml")
    }
}

/// An error in the preparation of a drill.
package struct DrillError: OperationError, Equatable {
    package var object: String
    package var detail: String
    package var hint: String?

    package init(_ object: String, _ detail: String, hint: String? = nil) {
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { "drill_setup" }
    package var place: ErrorPlace { ErrorPlace(object: object) }
}
