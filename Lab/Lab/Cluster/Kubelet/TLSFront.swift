internal import Foundation
internal import Glibc

/// A TLS listener in front of a node's server, for a real API server, which connects with TLS only.
///
/// The laboratory has no TLS library for servers, so a short Python program decrypts.
final class TLSFront: Sendable {
    let port: UInt16
    private let process: SpawnedProcess
    /// Keeps the port while the program starts.
    private let held: HeldPort

    init(to target: UInt16, folder: URL) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let certificate = folder.appending(path: "node.pem"), key = folder.appending(path: "node.key")
        let script = folder.appending(path: "front.py")
        try Data(Self.program.utf8).write(to: script)
        if !FileManager.default.fileExists(atPath: certificate.path) {
            let run = try await CommandRun.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=node", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key.path, "-out", certificate.path,
                ])
            guard run.status == 0 else { throw LabError("openssl: \(run.errors)") }
        }
        held = try HeldPort()
        port = held.number
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        let log = open(folder.appending(path: "front.log").path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        defer { for descriptor in [null, log] { close(descriptor) } }
        process = try SpawnedProcess(
            [
                try LabTool.path("python3"), script.path, "\(port)", "\(target)", certificate.path, key.path,
            ], environment: [:], input: null, output: log, errors: log)
        try await Patience.wait(until: "the TLS listener starts") {
            guard let connection = try? LoopbackConnection(port: port) else { return false }
            connection.close()
            return true
        }
    }

    deinit { stop() }

    func stop() {
        process.signal(SIGKILL)
        _ = process.wait()
    }

    private static let program = """
        import socket, ssl, sys, threading
        port, target = int(sys.argv[1]), int(sys.argv[2])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        context.set_alpn_protocols(["http/1.1"])

        def serve(plain):
            try:
                server = socket.create_connection(("127.0.0.1", target))
                client = context.wrap_socket(plain, server_side=True)
            except OSError:
                return plain.close()

            def outward():
                try:
                    while data := server.recv(65536):
                        client.sendall(data)
                except OSError:
                    pass
                try:
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

            threading.Thread(target=outward, daemon=True).start()
            try:
                while data := client.recv(65536):
                    server.sendall(data)
            except OSError:
                pass
            try:
                server.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

        """
}
