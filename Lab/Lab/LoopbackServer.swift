internal import Foundation
internal import Synchronization

/// A TCP server on 127.0.0.1 with a thread for each connection.
///
/// Scripted servers and faulty proxies use it for actions that server libraries do not support, such as closing a
/// connection in the middle of a body.
package final class LoopbackServer: Sendable {
    package let port: UInt16
    private let listener: CInt
    private let open = Mutex<[ObjectIdentifier: LoopbackConnection]?>([:])

    /// - Parameter serve: called on a separate thread for each connection. The connection is closed when it returns.
    package init(port: UInt16 = 0, _ serve: @escaping @Sendable (LoopbackConnection) -> Void) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw LabError("socket: \(String(cString: strerror(errno)))") }
        var reuse: CInt = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in(loopbackPort: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 128) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else {
            let reason = String(cString: strerror(errno))
            close(listener)
            throw LabError("cannot listen on 127.0.0.1:\(port): \(reason)")
        }
        self.listener = listener
        self.port = UInt16(bigEndian: address.sin_port)
        Thread { [weak self, listener] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    close(listener)
                    return
                }
                let connection = LoopbackConnection(descriptor)
                guard let self, self.remember(connection) else {
                    connection.close()
                    continue
                }
                Thread { [weak self] in
                    serve(connection)
                    connection.close()
                    self?.forget(connection)
                }.start()
            }
        }.start()
    }

    deinit { stop() }

    /// Closes all connections and stops accepting new ones.
    package func stop() {
        let connections = open.withLock { open in
            defer { open = nil }
            return open
        }
        guard let connections else { return }
        shutdown(listener, CInt(SHUT_RDWR))  // wakes accept, whose thread then closes the socket
        for connection in connections.values { connection.shutDown() }
    }

    private func remember(_ connection: LoopbackConnection) -> Bool {
        open.withLock { open in
            guard open != nil else { return false }
            open?[ObjectIdentifier(connection)] = connection
            return true
        }
    }

    private func forget(_ connection: LoopbackConnection) {
        _ = open.withLock { $0?.removeValue(forKey: ObjectIdentifier(connection)) }
    }
}

/// One side of a TCP connection, with enough HTTP/1.1 to find the end of a message.
package final class LoopbackConnection: Sendable {
    private struct State {
        var descriptor: CInt?
        /// Received bytes that are not read yet.
        var pending: ArraySlice<UInt8> = []
    }

    private let state: Mutex<State>

    init(_ descriptor: CInt) {
        // Small messages would wait for the acknowledgement of earlier ones, 40 ms on each hop.
        var now: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &now, socklen_t(MemoryLayout<CInt>.size))
        state = Mutex(State(descriptor: descriptor))
    }

    /// Connects to a port of this machine.
    package convenience init(port: UInt16) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in(loopbackPort: port)
        let isConnected = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw LabError("cannot connect to 127.0.0.1:\(port): \(reason)")
        }
        self.init(descriptor)
    }

    deinit { close() }

    package var isOpen: Bool { state.withLock { $0.descriptor != nil } }

    /// Blocks until bytes arrive.
    /// - Returns: nil if the connection is closed.
    package func receive(upTo limit: Int = 256 << 10) -> [UInt8]? {
        let pending = state.withLock { state in
            let taken = Array(state.pending.prefix(limit))
            state.pending = state.pending.dropFirst(taken.count)
            return taken
        }
        return pending.isEmpty ? receiveMore(limit) : pending
    }

    /// Blocks until a line arrives, and returns it without its LF or CR LF.
    package func receiveLine() -> String? {
        while true {
            let line: String? = state.withLock { state in
                guard let end = state.pending.firstIndex(of: 10) else { return nil }
                var line = state.pending[..<end]
                state.pending = state.pending[(end + 1)...]
                if line.last == 13 { line.removeLast() }
                return String(decoding: line, as: UTF8.self)
            }
            if let line { return line }
            guard let more = receiveMore(64 << 10) else { return nil }
            state.withLock { $0.pending += more }
        }
    }

    private func receiveMore(_ limit: Int) -> [UInt8]? {
        guard let descriptor = state.withLock({ $0.descriptor }) else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// Sends bytes.
    /// - Returns: false if the peer closed the connection.
    @discardableResult
    package func send(_ content: [UInt8]) -> Bool {
        guard let descriptor = state.withLock({ $0.descriptor }) else { return false }
        var sent = 0
        while sent < content.count {
            let count = content.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress?.advanced(by: sent), content.count - sent, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send([UInt8](text.utf8)) }

    /// True if the peer closed the connection and sent nothing that is not read yet.
    package var hasEnded: Bool {
        state.withLock { state in
            guard let descriptor = state.descriptor else { return true }
            guard state.pending.isEmpty else { return false }
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
            return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        }
    }

    /// Tells the peer that no more bytes follow; bytes of the peer still arrive.
    package func endSending() {
        state.withLock { state in
            if let descriptor = state.descriptor { _ = shutdown(descriptor, CInt(SHUT_WR)) }
        }
    }

    /// Waits until the peer closes the connection.
    package func stall() { while receive() != nil {} }

    package func close() {
        let descriptor = state.withLock { state in
            defer { state.descriptor = nil }
            return state.descriptor
        }
        if let descriptor { Glibc.close(descriptor) }
    }

    /// Closes the connection with RST instead of FIN: the peer gets "connection reset".
    package func reset() {
        if let descriptor = state.withLock({ $0.descriptor }) {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            // Wakes a thread that reads, which would hold the socket open.
            shutdown(descriptor, CInt(SHUT_RD))
        }
        close()
    }

    /// Tells the peer that no more bytes follow.
    package func finishSending() {
        state.withLock { state in
            if let descriptor = state.descriptor { _ = shutdown(descriptor, CInt(SHUT_WR)) }
        }
    }

    /// Wakes the thread that waits in this connection, so that it closes the connection.
    package func shutDown() {
        state.withLock { state in
            if let descriptor = state.descriptor { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }
        }
    }
}

extension sockaddr_in {
    init(loopbackPort port: UInt16) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_port = port.bigEndian
        sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    }
}
