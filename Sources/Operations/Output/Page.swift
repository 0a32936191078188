import Trends

/// A page that needs nothing beside it.
package enum Page {
    /// - Parameter body: HTML.
    package static func html(title: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Drawing.escaped(title))</title>
        <style>
        body { font-family: system-ui, "DejaVu Sans", Arial, sans-serif; margin: 2em auto; max-width: 1000px; color: #1f2933; }
        svg { max-width: 100%; height: auto; }
        table { border-collapse: collapse; margin: 1.5em 0; font-size: 14px; }
        th, td { padding: 4px 12px; border-bottom: 1px solid #e3e8ee; text-align: left; vertical-align: top; }
        .right { text-align: right; font-variant-numeric: tabular-nums; }
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }
}
