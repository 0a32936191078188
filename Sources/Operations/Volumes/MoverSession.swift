import BackupRepository
import FoundationEssentials
import Mover
import Platform

/// The coordinator's side of one order: a link to a mover, over a line that may break.
struct MoverSession: Sendable {
    let line: MoverLine
    var limits = Link.Limits()

    /// The threads of all movers: each order needs about eight at a time.
    private static let pool = BlockingPool(threads: 48)

    /// Sends an order, answers the mover's calls to the store, and returns the result that the mover delivers.
    /// - Throws: the mover's error; ``LinkError`` if the mover is lost.
    func run(_ order: MoverOrder, _ service: StoreService, progress: WorkProgress) async throws -> MoverResult {
        let link = Link(session: Link.newSession(), limits: limits)
        let conversation = Conversation(on: link, as: .coordinator, answering: service, pool: Self.pool)
        let document = try JSONEncoder().encode(order)
        return try await withThrowingTaskGroup(of: MoverResult?.self) { group in
            group.addTask {
                await line.hold(link, pool: Self.pool)
                return nil
            }
            group.addTask {
                try await Self.pool.run {
                    let result = try conversation.call(MoverRequest(operation: .order)) { call in
                        try call.write(document.span.bytes)
                        try call.finish([] as [String])
                        return try Call.decode(
                            MoverResult.self,
                            try call.result { piece in
                                let state = try Call.decode(WorkProgress.State.self, piece)
                                progress.update { $0 = state }
                            })
                    }
                    // The result is here: an error from now on costs nothing.
                    _ = try? conversation.call(MoverRequest(operation: .end)) { try $0.result() }
                    return result
                }
            }
            defer {
                link.end(LinkError(.closed, "the work is done"))
                group.cancelAll()
            }
            while let result = try await group.next() {
                if let result {
                    link.end(LinkError(.closed, "the work is done"))
                    return result
                }
            }
            throw link.failure ?? LinkError(.lost, "the link ended")
        }
    }
}
