internal import Dispatch
internal import FoundationEssentials
internal import Glibc
package import Platform
internal import Synchronization

/// The coordinator's end of a link: a program such as `kubectl exec` whose standard input and output are the connection.
/// When it ends, however it ends, it is started again.
package struct MoverLine: Sendable {
    /// The program with its arguments; its input is set here.
    package var program: Program
    /// The time without a connection after which the mover is lost.
    package var patience = Duration.seconds(300)
    /// Returns the reason for which there is no mover any more; nil while it may be attached again.
    package var death: @Sendable (_ outage: MoverOutage) async -> String? = { _ in nil }

    package init(_ program: Program) { self.program = program }

    /// Keeps the link connected until it ends. The exit code of the program says nothing: only what arrived counts.
    package func hold(_ link: Link, pool: BlockingPool) async {
        var pause = Duration.milliseconds(100)
        var lastWords = ""
        while link.failure == nil, !Task.isCancelled {
            let connection = link.connect()
            let began = ContinuousClock.now
            lastWords = await run(connection, pool)
            if connection.isEstablished || ContinuousClock.now - began > .seconds(60) { pause = .milliseconds(100) }
            guard link.failure == nil, !Task.isCancelled else { break }
            let outage = MoverOutage(duration: link.disconnected, words: lastWords)
            if let death = await death(outage) { return link.end(LinkError(.lost, death)) }
            if link.disconnected > patience {
                return link.end(LinkError(.lost, "it could not be attached again\(lastWords)"))
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
        link.end(LinkError(.closed, "the run ended"))
    }

    /// Runs the program once.
    /// - Returns: its last words, for messages.
    private func run(_ connection: LinkConnection, _ pool: BlockingPool) async -> String {
        let pipe: InputPipe
        do { pipe = try InputPipe() } catch {
            connection.end()
            return ": \(error)"
        }
        var program = program
        program.input = .pipe(pipe)
        let ended = DispatchSemaphore(value: 0)
        let work = Task(executorPreference: pool) { [program] in
            defer { ended.signal() }
            do {
                let end = try program.run { try connection.take($0) }
                return end.errors.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
            } catch let error as ProgramError {
                return ": \(error)"
            } catch { return "" }
        }
        let isSent = Atomic(false)
        DetachedThread.start {
            LinkPump.send(connection, to: pipe.descriptor)
            // A program that works ends with its input.
            pipe.close()
            if ended.wait(timeout: .now() + 1) == .timedOut { work.cancel() }
            isSent.store(true, ordering: .releasing)
        }
        let words = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        connection.end()
        // A cancelled task cannot sleep, and the thread ends soon: the connection has ended.
        while !isSent.load(ordering: .acquiring) { await Task { try? await Task.sleep(for: .milliseconds(10)) }.value }
        return words
    }
}

/// A time without a connection to a mover, after an attempt to attach it.
package struct MoverOutage: Sendable {
    /// The time since the last connection.
    package var duration: Duration
    /// The last line of the program's errors; empty if it wrote none.
    package var words: String

    package init(duration: Duration, words: String) {
        self.duration = duration
        self.words = words
    }
}
