internal import Glibc
internal import Synchronization

/// Makes writes of this thread to a closed pipe fail instead of ending the process.
func blockBrokenPipes() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}

/// The standard input of a command.
final class InputPipe: Sendable {
    private let descriptor: Mutex<CInt>

    init(_ descriptor: CInt) { self.descriptor = Mutex(descriptor) }

    /// Blocks until the command has taken all bytes, or no longer reads.
    func write(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let own = descriptor.withLock { $0 }
            guard own >= 0 else { return }
            let count = rest.withUnsafeBytes { Glibc.write(own, $0.baseAddress, $0.count) }
            guard count > 0 else { return close() }
            rest = rest.dropFirst(count)
        }
    }

    func close() {
        let own = descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        if own >= 0 { Glibc.close(own) }
    }
}
