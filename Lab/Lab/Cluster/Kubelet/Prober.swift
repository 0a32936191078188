internal import Documents
internal import Foundation
internal import Glibc
internal import HTTP
internal import Synchronization

/// Repeats one probe of a container on a separate thread until it is stopped.
final class Prober: Sendable {
    private struct State {
        var isStopped = false
        /// Nil before the first result that counts.
        var isPassing: Bool?
        var successes = 0
        var failures = 0
        var message = ""
    }

    private let state = Mutex(State())
    private let probe: JSONValue
    private let container: JSONValue
    private let process: ContainerProcess

    init?(_ probe: JSONValue?, of container: JSONValue, in process: ContainerProcess) {
        guard let probe else { return nil }
        self.probe = probe
        self.container = container
        self.process = process
        Thread { [weak self] in
            let delay = probe["initialDelaySeconds"]?.integer ?? 0
            guard self?.sleep(.seconds(delay)) == true else { return }
            let period = Duration.seconds(probe["periodSeconds"]?.integer ?? 10)
            while let self, !self.isStopped {
                self.note(self.failure())
                // A kubelet waits for the whole period. Tests need not.
                let pause = self.isPassing == true ? period : min(period, .milliseconds(300))
                guard self.sleep(pause) else { return }
            }
        }.start()
    }

    var isPassing: Bool? { state.withLock { $0.isPassing } }
    var message: String { state.withLock { $0.message } }
    private var isStopped: Bool { state.withLock { $0.isStopped } }

    func stop() { state.withLock { $0.isStopped = true } }

    private func sleep(_ duration: Duration) -> Bool {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            guard !isStopped else { return false }
            usleep(20_000)
        }
        return !isStopped
    }

    private func note(_ failure: String?) {
        state.withLock { state in
            if let failure {
                (state.successes, state.failures, state.message) = (0, state.failures + 1, failure)
                if state.failures >= probe["failureThreshold"]?.integer ?? 3 { state.isPassing = false }
            } else {
                (state.successes, state.failures, state.message) = (state.successes + 1, 0, "")
                if state.successes >= probe["successThreshold"]?.integer ?? 1 { state.isPassing = true }
            }
        }
    }

    /// Runs the probe once.
    /// - Returns: the reason of a failure.
    private func failure() -> String? {
        let timeout = Duration.seconds(probe["timeoutSeconds"]?.integer ?? 1)
        if let get = probe["httpGet"] {
            guard let port = port(get["port"]) else { return "unknown port" }
            var options = HTTPOptions()
            (options.proxy, options.connectTimeout, options.stallTimeout) = (.none, timeout, timeout)
            let url = "http://\(get["host"]?.text ?? "127.0.0.1"):\(port)\(get["path"]?.text ?? "/")"
            do {
                let (response, _) = try HTTPClient(options).send(HTTPRequest("GET", url))
                guard !(200..<400).contains(response.status) else { return nil }
                return "HTTP probe failed with statuscode: \(response.status)"
            } catch { return "Get \"\(url)\": \(error)" }
        }
        if let socket = probe["tcpSocket"] {
            guard let port = port(socket["port"]) else { return "unknown port" }
            do {
                try LoopbackConnection(port: port).close()
                return nil
            } catch { return "dial tcp 127.0.0.1:\(port): connect: connection refused" }
        }
        if let command = probe["exec"]?["command"]?.array {
            let status = try? process.run(command.compactMap(\.text), timeout: timeout)
            return status == 0 ? nil : "command failed with status \(status.map { "\($0)" } ?? "unknown")"
        }
        return nil
    }

    /// The number of a port that is given as a number or as the name of one of the container's ports.
    private func port(_ value: JSONValue?) -> UInt16? {
        if let number = value?.integer { return UInt16(exactly: number) }
        let named = container["ports"]?.array?.first { $0["name"] == value }
        return named?["containerPort"]?.integer.flatMap { UInt16(exactly: $0) }
    }
}
