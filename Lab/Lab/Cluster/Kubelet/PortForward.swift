internal import Foundation
internal import Synchronization

/// Forwards connections of a client to ports of a pod (`portforward.k8s.io`).
///
/// For each connection, the client creates an error stream and a data stream with one request identifier.
final class PortForward: Sendable {
    private let connection: SPDYConnection
    private let waiting = Mutex<[String: [String: SPDYStream]]>([:])

    init(_ stream: any ByteStream) { connection = SPDYConnection(stream) }

    /// Blocks until the client is gone.
    func run() {
        connection.serve { stream in
            guard let type = stream.headers["streamtype"], let request = stream.headers["requestid"] else {
                return stream.reset()
            }
            let pair = waiting.withLock { waiting in
                waiting[request, default: [:]][type] = stream
                guard let pair = waiting[request], pair.count == 2 else { return [String: SPDYStream]?.none }
                waiting[request] = nil
                return pair
            }
            guard let data = pair?["data"], let errors = pair?["error"] else { return }
            Thread { Self.forward(data, errors) }.start()
        }
        connection.end()
    }

    private static func forward(_ data: SPDYStream, _ errors: SPDYStream) {
        guard let port = data.headers["port"].flatMap({ UInt16($0) }), let pod = try? LoopbackConnection(port: port)
        else {
            let port = data.headers["port"] ?? ""
            errors.send(
                Array(
                    "error forwarding port \(port) to pod: failed to connect to localhost:\(port) inside namespace".utf8
                )[...])
            data.reset()
            errors.close()
            return
        }
        let answered = DispatchSemaphore(value: 0)
        Thread {
            while let bytes = pod.receive(), data.send(bytes[...]) {}
            data.close()
            errors.close()
            // Ends the thread that waits for the client.
            pod.shutDown()
            answered.signal()
        }.start()
        while let bytes = data.receive(), pod.send(bytes) {}
        pod.finishSending()
        answered.wait()
        pod.close()
    }
}
