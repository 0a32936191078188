internal import Foundation

/// Finds TCP ports that no program listens on.
package enum FreePort {
    /// Returns `count` different ports, chosen by the kernel on 127.0.0.1.
    ///
    /// All are held open until the last is known, so that one call never returns a port twice. Another process can
    /// still take a port before the caller uses it, so callers retry.
    package static func find(_ count: Int = 1) throws -> [UInt16] {
        try (0..<count).map { _ in try HeldPort() }.map(\.number)
    }
}

/// A TCP port of 127.0.0.1 that is bound but does not listen.
///
/// The kernel does not assign it to other sockets, but a server that binds it with `SO_REUSEADDR` gets it. A server can
/// therefore stop and start again on the same port.
package final class HeldPort: Sendable {
    package let number: UInt16
    private let descriptor: CInt

    /// Binds a port.
    /// - Parameter port: 0 for a free port.
    package init(_ port: UInt16 = 0) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LabError("socket: \(String(cString: strerror(errno)))") }
        var reuse: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in(loopbackPort: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw LabError("cannot bind 127.0.0.1:\(port): \(reason)")
        }
        self.descriptor = descriptor
        number = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
