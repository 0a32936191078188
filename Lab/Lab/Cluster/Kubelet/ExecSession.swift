internal import Foundation
internal import CLinux
internal import Documents
internal import Glibc
internal import Synchronization

/// The streams of a command to its client, in any protocol.
protocol ExecStreams: Sendable {
    /// Reads what the client sends, until the client or the session ends the streams. One thread calls it.
    /// - Parameter input: receives standard input; nil at its end.
    func readInput(_ input: (ArraySlice<UInt8>?) -> Void)
    /// - Parameter channel: 1 for standard output, 2 for standard error.
    /// - Returns: false if the client is gone.
    func send(_ bytes: ArraySlice<UInt8>, on channel: UInt8) -> Bool
    /// Sends the final status and closes the streams in order.
    func finish(_ status: JSONValue)
    /// Cuts the connection.
    func cut()
}

/// Runs a command in a container and joins its streams with those of a client.
final class ExecSession: Sendable {
    private let streams: any ExecStreams
    private let fault: ExecFault?
    private let counts = Mutex((input: 0, output: 0, held: [UInt8]()))
    private let isOver = Mutex(false)
    private let hasExited = Mutex(false)
    private let inputEnd = DispatchSemaphore(value: 0)

    init(_ streams: any ExecStreams, fault: ExecFault?) {
        self.streams = streams
        self.fault = fault
    }

    /// Blocks until the command has ended, or the client is gone.
    func run(_ request: ExecRequest, in container: ContainerProcess) {
        var pipes: [[CInt]] = []
        for _ in 0..<3 {
            var ends: [CInt] = [-1, -1]
            guard dr_pipe(&ends) == 0 else { return fail("cannot open a pipe") }
            pipes.append(ends)
        }
        let (input, output, errors) = (pipes[0], pipes[1], pipes[2])
        let process: SpawnedProcess
        do {
            defer { for descriptor in [input[0], output[1], errors[1]] { close(descriptor) } }
            process = try SpawnedProcess(
                container.execution(of: request.command), environment: [:], input: input[0], output: output[1],
                errors: errors[1])
        } catch {
            for descriptor in [input[1], output[0], errors[0]] { close(descriptor) }
            return fail("\(error)")
        }
        let sink = InputPipe(input[1])
        if !request.hasInput { sink.close() }
        Thread { [self] in
            blockBrokenPipes()
            streams.readInput { bytes in
                guard let bytes else { return sink.close() }
                sink.write(bytes)
                guard case .dropsInput(let limit)? = fault else { return }
                let count = counts.withLock { counts in
                    counts.input += bytes.count
                    return counts.input
                }
                if count >= limit { cut() }
            }
            sink.close()
            inputEnd.signal()
        }.start()
        let pumps = DispatchGroup()
        for (descriptor, channel) in [(output[0], UInt8(1)), (errors[0], 2)] {
            pumps.enter()
            Thread { [self] in
                pump(descriptor, channel)
                close(descriptor)
                pumps.leave()
            }.start()
        }
        while process.exitStatus == nil, !isOver.withLock({ $0 }) { usleep(5_000) }
        guard let status = process.exitStatus else {
            // The command continues without its client, as in a real cluster, until it writes or its container ends.
            sink.close()
            Thread { _ = process.wait() }.start()
            _ = inputEnd.wait(timeout: .now() + .seconds(5))
            streams.cut()
            return
        }
        hasExited.withLock { $0 = true }
        pumps.wait()
        finish(Int(status))
        // If this side closed the connection while the client still sends, the client could lose the status.
        _ = inputEnd.wait(timeout: .now() + .seconds(5))
        streams.cut()
    }

    private func finish(_ status: Int) {
        let isFirst = isOver.withLock { over in
            defer { over = true }
            return !over
        }
        guard isFirst else { return }
        var reported = status
        if case .exitStatus(let lie)? = fault { reported = lie }
        streams.finish(Self.status(reported))
    }

    /// Reports that the command could not be started.
    func fail(_ message: String) {
        streams.finish([
            "metadata": [:], "status": "Failure", "reason": "InternalError", "message": .string(message), "code": 500,
        ])
    }

    private static func status(_ code: Int) -> JSONValue {
        guard code != 0 else { return ["metadata": [:], "status": "Success"] }
        return [
            "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
            "message": .string("command terminated with non-zero exit code: exit status \(code)"),
            "details": ["causes": [["reason": "ExitCode", "message": .string("\(code)")]]],
        ]
    }

    private func cut() {
        isOver.withLock { $0 = true }
        streams.cut()
    }

    /// Passes on one stream of the command until its end.
    private func pump(_ descriptor: CInt, _ channel: UInt8) {
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        while !isOver.withLock({ $0 }) {
            var waiting = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            guard poll(&waiting, 1, 500) != 0 else {
                // A process that the command left behind may keep the stream open for ever.
                if hasExited.withLock({ $0 }) { return }
                continue
            }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            guard pass(buffer[..<count], channel) else { return }
        }
    }

    /// - Returns: false if nothing more can be sent.
    private func pass(_ bytes: ArraySlice<UInt8>, _ channel: UInt8) -> Bool {
        guard channel == 1, let fault else { return deliver(bytes, channel) }
        let (before, held) = counts.withLock { counts in
            defer {
                counts.output += bytes.count
                if case .losesLast = fault { counts.held += bytes }
            }
            return (counts.output, counts.held)
        }
        switch fault {
        case .endsEarly(let limit) where before + bytes.count >= limit:
            _ = deliver(bytes.prefix(max(0, limit - before)), channel)
            finish(0)
            return false
        case .drops(let limit) where before + bytes.count >= limit:
            _ = deliver(bytes.prefix(max(0, limit - before)), channel)
            cut()
            return false
        case .losesLast(let lost):
            let known = held + bytes
            let sent = known.prefix(max(0, known.count - lost))
            counts.withLock { $0.held = Array(known.suffix(lost)) }
            return deliver(sent, channel)
        default: return deliver(bytes, channel)
        }
    }

    private func deliver(_ bytes: ArraySlice<UInt8>, _ channel: UInt8) -> Bool {
        guard !bytes.isEmpty else { return true }
        if streams.send(bytes, on: channel) { return true }
        isOver.withLock { $0 = true }
        return false
    }
}
