internal import CLinux
internal import Glibc
internal import Platform
internal import SystemPackage

/// The Unix socket on which a mover waits for its coordinator.
final class MoverSocket: Sendable {
    private let descriptor: CInt
    private let path: String

    /// Creates the socket; only this user can connect.
    init(listeningAt path: String) throws {
        self.path = path
        unlink(path)
        descriptor = try Self.open(path) { socket, address, size in
            let result = bind(socket, address, size)
            return result == 0 && chmod(path, 0o600) == 0 ? listen(socket, 16) : -1
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Waits for the next connection.
    /// - Returns: nil if none came in time, or it passed no streams.
    func accept(within milliseconds: CInt) -> MoverStreams? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { return nil }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return MoverStreams(from: connection)
    }

    /// Connects to a socket.
    /// - Returns: the descriptor, which the caller closes.
    static func connect(to path: String) throws -> CInt { try open(path) { Glibc.connect($0, $1, $2) } }

    private static func open(
        _ path: String, _ body: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw UsageError("the path of a socket has at most 107 bytes: '\(path)'")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(path) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let error = failure(path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func failure(_ path: String) -> LinkError {
        LinkError(.broken, "the mover's socket '\(path)': \(Errno(rawValue: errno))")
    }
}

/// The streams that a program such as `kubectl exec` gave to the process that attached itself.
struct MoverStreams: Sendable {
    /// The connection to that process. It ends when the process ends.
    let process: CInt
    /// These do not block.
    let input: CInt
    let output: CInt

    /// Takes the streams.
    /// - Parameter connection: is closed if none are there.
    init?(from connection: CInt) {
        // The process sends them at once.
        var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        var streams: [CInt] = [-1, -1]
        guard poll(&waiting, 1, 5000) > 0, dr_receive_descriptors(connection, &streams) == 0 else {
            Glibc.close(connection)
            return nil
        }
        (process, input, output) = (connection, streams[0], streams[1])
        for stream in streams { _ = fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK) }
    }

    /// Ends the process that attached itself.
    func close() {
        for descriptor in [input, output, process] { Glibc.close(descriptor) }
    }
}
