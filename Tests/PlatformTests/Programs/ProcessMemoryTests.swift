import Glibc
import Testing

@testable import Platform

@Suite struct ProcessMemoryTests {
    /// A block with pages of its own begins right after its header of 16 bytes: one in 256 blocks of a heap does so too. In a
    /// process of its own, because a heap with a gap that is large enough serves the block.
    @Test func `a large block stays out of the heaps, also after others were freed`() async {
        await #expect(processExitsWith: .success) {
            ProcessMemory.keepSmall()
            for _ in 0..<4 {
                let block = malloc(4 << 20)
                defer { free(block) }
                precondition(UInt(bitPattern: block) % 4096 == 16)
            }
        }
    }
}
