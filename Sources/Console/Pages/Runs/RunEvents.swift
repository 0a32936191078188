import FoundationEssentials
import Glibc
import Operations
import RecoveryPlan

/// The server-sent events of a live page: the whole changing part of the page, whenever it differs.
///
/// An event does not depend on the ones before, so that a client that reconnects needs nothing but the next one. The id of
/// an event changes with the run; a client that has the newest state gets no second copy of it.
struct RunEvents {
    /// Seconds between two looks at the run.
    private static let pause = 1.0
    /// Seconds between two signs of life, so that a client and the server notice a lost connection.
    private static let heartbeat = 10.0

    static func text(id: String, event: String, _ data: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // JSON has no line breaks outside of strings, and escapes those in strings: the data is one line.
        return "id: \(id)\nevent: \(event)\ndata: \(String(decoding: try encoder.encode(data), as: UTF8.self))\n\n"
    }

    private struct State: Encodable {
        var html: String
        var sentence: String
        var hasEnded: Bool
    }

    /// Renders a run with its event.
    static func rendered(_ entry: LiveRuns.Entry) throws -> RunStates.Rendered {
        let state = State(
            html: try RunFragment.html(entry), sentence: RunFragment.sentence(entry), hasEnded: entry.run.end != nil)
        let id = String(
            state.html.utf8.reduce(into: UInt64(14_695_981_039_346_656_037)) { hash, byte in
                hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
            }, radix: 16)
        return RunStates.Rendered(
            html: state.html, sentence: state.sentence, hasEnded: state.hasEnded, id: id,
            event: try text(id: id, event: "state", state))
    }

    /// Sends the states of a run until it has ended, the client has gone, or the server stops.
    /// - Parameters:
    ///   - state: returns the newest state, which all viewers share; nil if the run is gone.
    ///   - known: the id of the last event that the client has.
    static func send(
        _ run: String, _ state: () throws -> RunStates.Rendered?, known: String?, to stream: ResponseStream
    ) throws {
        // Reconnect after two seconds.
        try stream.write("retry: 2000\n\n")
        var known = known
        var silent = 0.0
        while !stream.isClosed {
            guard let state = try state() else { return }
            if state.id != known {
                try stream.write(state.event)
                known = state.id
                silent = 0
            } else if silent >= heartbeat {
                try stream.write(": alive\n\n")
                silent = 0
            }
            if state.hasEnded { return try stream.write(try text(id: state.id, event: "end", ["run": run])) }
            silent += pause
            for _ in 0..<10 where !stream.isClosed { usleep(useconds_t(pause * 100_000)) }
        }
    }
}
