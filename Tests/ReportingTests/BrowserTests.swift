import Foundation
import Lab
import Testing

@testable import Reporting

/// The page in a real browser: on a phone, in dark mode, on paper.
@Suite(.enabled(if: Browser.program != nil, "no Chromium on this machine"))
struct BrowserTests {
    @Test(arguments: [360, 1280])
    func `nothing is wider than the screen`(_ width: Int) async throws {
        let seen = try await Browser.measure(Report(.example), width: width)
        #expect(seen["width"].flatMap(Int.init) ?? .max <= width)
        #expect(seen["verdict"] == "failed")
        #expect(seen["bars"] == "3")
    }

    @Test func `dark is dark`() async throws {
        let light = try await Browser.measure(Report(.example), width: 800)
        let dark = try await Browser.measure(Report(.example), width: 800, isDark: true)
        #expect(light["paper"] == "rgb(255, 255, 255)")
        #expect(dark["paper"] == "rgb(20, 24, 31)")
    }

    @Test func `it prints`() async throws {
        let folder = try TemporaryFolder("browser")
        let page = folder.url.appending(path: "report.html")
        try Data(Report(.example).rendered(as: .html)).write(to: page)
        let paper = folder.url.appending(path: "report.pdf")
        try await Browser.run(["--no-pdf-header-footer", "--print-to-pdf=\(paper.path)", page.absoluteString], folder)
        let pdf = try Data(contentsOf: paper)
        #expect(pdf.starts(with: Data("%PDF-".utf8)))
        #expect(pdf.count > 10_000)
    }
}

private enum Browser {
    static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Measures the page after layout with a script that only the test adds.
    static func measure(_ report: Report, width: Int, isDark: Bool = false) async throws -> [String: String] {
        let folder = try TemporaryFolder("browser")
        let script = """
            <script>addEventListener('load', () => {
              const tell = (name, value) => document.body.setAttribute('data-' + name, value);
              tell('width', document.documentElement.scrollWidth);
              tell('paper', getComputedStyle(document.body).backgroundColor);
              tell('verdict', document.querySelector('.verdict').textContent);
              tell('bars', document.querySelectorAll('.bar').length);
            });</script>
            """
        let html = String(decoding: try report.rendered(as: .html), as: UTF8.self)
        let inner = folder.url.appending(path: "report.html")
        try Data(html.replacing("</body>", with: script + "</body>").utf8).write(to: inner)
        // The window of a headless browser has a minimum width; a frame in it does not.
        let frame = """
            <iframe id="f" style="border:0;width:\(width)px;height:2000px" src="report.html"></iframe>
            <script>addEventListener('load', () => {
              document.title = JSON.stringify(document.getElementById('f').contentDocument.body.dataset);
            });</script>
            """
        let page = folder.url.appending(path: "frame.html")
        try Data(frame.utf8).write(to: page)
        let dark = isDark ? ["--blink-settings=preferredColorScheme=0"] : []
        let dom = try await run(dark + ["--allow-file-access-from-files", "--dump-dom", page.absoluteString], folder)
        let title = try #require(dom.firstMatch(of: #/<title>(.*?)</title>/#)?.1)
        return try JSONDecoder().decode([String: String].self, from: Data(title.utf8))
    }

    @discardableResult
    static func run(_ arguments: [String], _ folder: TemporaryFolder) async throws -> String {
        let program = try #require(program)
        let run = try await CommandRun.run(
            program,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(folder.path)/profile",
            ] + arguments, in: folder.url)
        try #require(run.status == 0, "\(run.errors)")
        return run.output
    }
}
