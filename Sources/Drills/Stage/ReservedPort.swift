internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// A port of 127.0.0.1 for a drill's server, reserved until the server starts, so that the kernel does not assign it to
/// another program.
package final class ReservedPort: Sendable {
    package let number: UInt16
    /// True if the configuration sets the port.
    package let isFixed: Bool
    /// The bound socket, which never listens; nil after the release.
    private let held: Mutex<Int32?>

    /// Reserves any free port.
    /// - Parameter avoided: the ports of the live stack, which may be down or listen on another address.
    /// - Throws: ``DrillError`` if there is none.
    package init(avoiding avoided: Set<UInt16>) throws {
        var passedOver: [Int32] = []
        defer { for descriptor in passedOver { close(descriptor) } }
        while true {
            guard let (descriptor, port) = Self.bound(to: 0, isShared: false), passedOver.count < 1000 else {
                throw DrillError("a free port", Errno.last.description)
            }
            guard avoided.contains(port) else {
                number = port
                isFixed = false
                held = Mutex(descriptor)
                return
            }
            // Kept open until a port is found, since the kernel might return it again.
            passedOver.append(descriptor)
        }
    }

    /// Reserves a given port.
    /// - Throws: ``DrillError`` with the process that uses the port.
    package init(_ port: UInt16, for component: String) throws {
        number = port
        isFixed = true
        guard let (descriptor, _) = Self.bound(to: port) else {
            throw DrillError(
                "the drill's server for \(component)", Self.taken(port),
                hint:
                    "stop that program, or change drill.servers.\(component).port; without it the drill uses any free "
                    + "port")
        }
        held = Mutex(descriptor)
    }

    /// The socket that reserves the port; nil after the release.
    var descriptor: Int32? { held.withLock { $0 } }

    deinit { release() }

    /// Releases the port for the server.
    ///
    /// A child process that is being started has the socket open until its exec. The port is shared before the socket
    /// is closed, so that the server can bind the port anyway.
    package func release() {
        held.withLock { descriptor in
            if let descriptor {
                var isShared: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
                close(descriptor)
            }
            descriptor = nil
        }
    }

    /// True if the port is released and not in use.
    var isFree: Bool {
        guard let (descriptor, _) = Self.bound(to: number) else { return false }
        close(descriptor)
        return true
    }

    /// A description of the process that uses the port.
    var taken: String { Self.taken(number) }

    private static func taken(_ port: UInt16) -> String {
        "port \(port) of 127.0.0.1 is in use by \(ListeningProcess.on(port).map { "\($0)" } ?? "another program")"
    }

    /// - Parameters:
    ///   - port: 0 for any.
    ///   - isShared: allows closed connections of an earlier drill, which the kernel keeps for a while, but not a
    ///     listening or exclusive socket.
    private static func bound(to port: UInt16, isShared: Bool = true) -> (descriptor: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var isShared: Int32 = isShared ? 1 : 0
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard done else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
