internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// A port of 127.0.0.1 for a drill's server, held from the moment when it is chosen until the server starts: the kernel
/// gives it to nobody else meanwhile.
package final class ReservedPort: Sendable {
    package let number: UInt16
    /// Whether the configuration says which, so that no other will do.
    package let isFixed: Bool
    /// Bound, and never listening; nil once it is released.
    private let held: Mutex<Int32?>

    /// Any that nobody has.
    /// - Parameter avoided: ports of the live stack, which may be down just now, or listen at another address.
    /// - Throws: ``DrillError`` when there is none.
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
            // Kept until one is found, or the kernel might offer it again.
            passedOver.append(descriptor)
        }
    }

    /// This one.
    /// - Throws: ``DrillError`` when somebody has it, and who.
    package init(_ port: UInt16, for component: String) throws {
        number = port
        isFixed = true
        guard let (descriptor, _) = Self.bound(to: port) else {
            throw DrillError(
                "the drill's server for \(component)", Self.taken(port),
                hint: "end that program, or give drill.servers.\(component).port another number; without one the drill "
                    + "takes any that is free")
        }
        held = Mutex(descriptor)
    }

    /// The socket that holds it; nil once it is released.
    var descriptor: Int32? { held.withLock { $0 } }

    deinit { release() }

    /// Lets the server have it.
    ///
    /// A program that this process is starting just now has the socket open for a moment more, between fork and exec:
    /// the port is shared before it is closed, so that the server can bind it all the same.
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

    /// Whether it is released and nobody has taken it.
    var isFree: Bool {
        guard let (descriptor, _) = Self.bound(to: number) else { return false }
        close(descriptor)
        return true
    }

    /// Who has it, in words.
    var taken: String { Self.taken(number) }

    private static func taken(_ port: UInt16) -> String {
        "port \(port) of 127.0.0.1 is taken by \(ListeningProcess.on(port).map { "\($0)" } ?? "another program")"
    }

    /// - Parameters:
    ///   - port: 0 for any.
    ///   - isShared: with the connections of an earlier drill, which the kernel remembers for a while; with nobody who
    ///     listens, or who holds it for himself.
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
