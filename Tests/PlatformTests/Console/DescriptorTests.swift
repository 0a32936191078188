import Dispatch
import Foundation
import Platform
import Synchronization
import Testing

@Suite struct DescriptorTests {
    @Test func `a write that fails says why and does not end the process`() {
        signal(SIGPIPE) { _ in }
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        #expect(Descriptor(full).write([1, 2, 3], patience: 0) == ENOSPC)
        #expect(Descriptor(-1).write([1], patience: 0) == EBADF)
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        // A pipe without a reader holds 64 KiB.
        #expect(Descriptor(ends[1]).write([UInt8](repeating: 0, count: 1 << 20), patience: 0) == EAGAIN)
        close(ends[0])
        #expect(Descriptor(ends[1]).write([1], patience: 0) == EPIPE)
        close(ends[1])
    }

    @Test func `a long text is written in full through a slow non-blocking pipe`() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let text = [UInt8]((0..<500_000).map { UInt8($0 % 251) })
        // A thread, because this test blocks and must not wait for a free thread of the pool.
        let reader = Reader(ends[0])
        #expect(Descriptor(ends[1]).write(text, patience: -1) == 0)
        close(ends[1])
        #expect(reader.finished() == text)
    }
}

/// Reads a pipe to its end in a separate thread.
private final class Reader: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let end = DispatchSemaphore(value: 0)

    init(_ descriptor: CInt) {
        Thread { [self] in
            var piece = [UInt8](repeating: 0, count: 5000)
            while case let count = read(descriptor, &piece, piece.count), count > 0 {
                bytes.withLock { $0 += piece.prefix(count) }
            }
            close(descriptor)
            end.signal()
        }.start()
    }

    func finished() -> [UInt8] {
        end.wait()
        return bytes.withLock { $0 }
    }
}
