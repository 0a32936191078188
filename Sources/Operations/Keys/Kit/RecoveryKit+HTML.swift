import BackupRepository
internal import Mustache
import Printing

extension RecoveryKit {
    /// The kit as a self-contained page; Mustache escapes every text in it.
    package func html() throws -> String {
        let codes = try (key?.codes ?? []).enumerated().map { number, text in
            View.Code(svg: try code(text).svg, caption: "key, part \(number + 1)")
        }
        let view = View(
            title: title, made: made.readable, caution: caution,
            facts: facts.map { View.Fact(name: $0.name, value: $0.value) },
            steps: steps.map {
                View.Step(title: $0.title, text: $0.text, commands: $0.commands.joined(separator: "\n"))
            },
            hasKey: key != nil, keyName: key.map { "\($0.subject), \($0.kind), SHA-256 \($0.fingerprint)" } ?? "",
            key: key?.lines.joined(separator: "\n") ?? "", codes: codes)
        return try MustacheTemplate(Self.template, escape: MustacheTemplate.html).render(view)
    }

    /// - Throws: ``PDFError`` if the text does not fit into a code.
    func code(_ text: String) throws -> QRCode {
        guard let code = QRCode(Array(text.utf8)) else { throw PDFError(detail: "a part of the key fits no QR code") }
        return code
    }

    private struct View {
        struct Fact {
            var name: String
            var value: String
        }
        struct Step {
            var title: String
            var text: String
            var commands: String
        }
        struct Code {
            var svg: String
            var caption: String
        }
        var title: String
        var made: String
        var caution: String
        var facts: [Fact]
        var steps: [Step]
        var hasKey: Bool
        var keyName: String
        var key: String
        var codes: [Code]
    }

    private static let template = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>{{title}}</title>
        <style>
        body { font: 10pt sans-serif; max-width: 180mm; margin: 10mm auto; }
        h1 { font-size: 15pt; margin: 0; } h2 { font-size: 11pt; margin: 8pt 0 2pt; }
        table { border-collapse: collapse; } td { padding: 0 8pt 0 0; vertical-align: top; }
        pre, td.value { font: 8pt monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 2pt 0; }
        .codes { display: flex; flex-wrap: wrap; } .codes figure { margin: 0 3mm 2mm 0; width: 42mm; font-size: 7pt; }
        .caution { font-weight: bold; }
        </style>
        </head>
        <body>
        <h1>{{title}}</h1>
        <p>Made {{made}} UTC by dr. <span class="caution">{{caution}}</span></p>
        <table>
        {{#facts}}
        <tr><td>{{name}}</td><td class="value">{{value}}</td></tr>
        {{/facts}}
        </table>
        <h2>Steps</h2>
        <ol>
        {{#steps}}
        <li><b>{{title}}.</b> {{text}}
        <pre>{{commands}}</pre></li>
        {{/steps}}
        </ol>
        {{#hasKey}}
        <h2>Private key: {{keyName}}</h2>
        <div class="codes">
        {{#codes}}
        <figure>{{{svg}}}<figcaption>{{caption}}</figcaption></figure>
        {{/codes}}
        </div>
        <pre id="key">{{key}}</pre>
        {{/hasKey}}
        </body>
        </html>

        """
}
