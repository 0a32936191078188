internal import Documents
internal import Foundation
internal import Synchronization

/// The streams of a command in a SPDY connection (`v4.channel.k8s.io`), which API servers use towards a kubelet.
final class SPDYExecStreams: ExecStreams {
    private let connection: SPDYConnection
    private let streams = Mutex<[String: SPDYStream]>([:])
    private let arrival = DispatchSemaphore(value: 0)
    private let isOver = DispatchSemaphore(value: 0)

    /// Starts reading from the client, and waits until it has created its streams.
    /// - Returns: nil if it creates too few in half a minute.
    init?(_ stream: any ByteStream, count: Int) {
        connection = SPDYConnection(stream)
        Thread { [self] in
            connection.serve { stream in
                streams.withLock { $0[stream.headers["streamtype"] ?? ""] = stream }
                arrival.signal()
            }
            isOver.signal()
        }.start()
        for _ in 0..<count where arrival.wait(timeout: .now() + .seconds(30)) == .timedOut { return nil }
    }

    private subscript(_ type: String) -> SPDYStream? { streams.withLock { $0[type] } }

    func readInput(_ input: (ArraySlice<UInt8>?) -> Void) {
        if let stream = self["stdin"] {
            while let bytes = stream.receive() { input(bytes[...]) }
            input(nil)
        }
        // The client ends the connection once it has the status.
        isOver.wait()
    }

    func send(_ bytes: ArraySlice<UInt8>, on channel: UInt8) -> Bool {
        self[channel == 1 ? "stdout" : "stderr"]?.send(bytes) ?? true
    }

    func finish(_ status: JSONValue) {
        self["stdout"]?.close()
        self["stderr"]?.close()
        self["error"]?.send(status.compact[...])
        self["error"]?.close()
        self["stdin"]?.close()
    }

    func cut() { connection.end() }
}
