/// The report as one self-contained page: light and dark, wide and narrow, on paper.
enum HTMLTemplate {
    static let text = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="dr-evidence-sha256" content="{{digest}}">
        <title>{{title}}</title>
        <style>
        :root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6675; --paper: #fff; --line: #d8dde5;
          --good: #1a7f4b; --warn: #a15c00; --bad: #b3261e; --quiet: #8a94a3; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #a3adba; --paper: #14181f;
          --line: #333b47; --good: #4cc38a; --warn: #f0a73c; --bad: #ff7b72; --quiet: #77818f; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 4rem; font: 16px/1.5 system-ui, sans-serif;
          color: var(--ink); background: var(--paper); }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
        .verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; border: 2px solid currentColor;
          font-weight: 700; text-transform: uppercase; letter-spacing: .04em; }
        .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
        .quiet { color: var(--quiet); }
        .scroll { overflow-x: auto; }
        .scroll td { overflow-wrap: normal; } .scroll td:first-child { white-space: nowrap; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
          border-bottom: 1px solid var(--line); }
        th { color: var(--soft); font-weight: 600; } td { overflow-wrap: anywhere; }
        .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 0 2rem; align-items: start; }
        .timeline { position: relative; border-left: 1px solid var(--line); padding: .25rem 0; }
        .row { position: relative; height: 1.9rem; }
        .bar { position: absolute; top: 1.15rem; height: .55rem; min-width: 3px; border-radius: 2px;
          background: currentColor; }
        .label { position: absolute; left: .4rem; font-size: .78rem; color: var(--ink); white-space: nowrap; }
        .limit { position: absolute; top: 0; bottom: 0; border-left: 2px dashed var(--bad); }
        code { font-size: .8rem; overflow-wrap: anywhere; }
        footer { margin-top: 3rem; font-size: .8rem; color: var(--soft); }
        @media print { body { max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; }
          tr, .row { break-inside: avoid; } .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
        </style>
        </head>
        <body>
        <h1>{{title}}</h1>
        <p><span class="verdict {{tone}}">{{verdict}}</span></p>
        {{#reasons}}<p class="{{tone}}">{{.}}</p>
        {{/reasons}}
        <h2>Recovery time (RTO)</h2>
        <div class="grid">
        <table>{{#times}}<tr><th>{{name}}</th><td>{{value}}</td></tr>{{/times}}</table>
        <table>{{#moments}}<tr><th>{{name}} {{what}}</th><td>{{moment}}</td></tr>{{/moments}}</table>
        </div>
        <h2>Steps</h2>
        <p class="quiet">{{limitText}}</p>
        <div class="timeline" role="img" aria-label="Timeline of the steps">
        {{#bars}}<div class="row {{tone}}"><span class="label">{{id}}: {{outcome}}, {{seconds}}</span><span class="bar" style="left:{{left}}%;width:{{width}}%"></span></div>
        {{/bars}}
        {{#limit}}<div class="limit" style="left:{{.}}%"></div>{{/limit}}
        </div>
        <div class="scroll"><table>
        <tr><th>Step</th><th>Outcome</th><th>Attempts</th><th>Duration</th><th>Forecast</th><th>Result</th></tr>
        {{#bars}}<tr><td>{{id}}</td><td class="{{tone}}">{{outcome}}</td><td>{{attempts}}</td><td>{{seconds}}</td><td>{{forecast}}</td><td>{{summary}}</td></tr>
        {{/bars}}
        </table></div>
        <h2>Data loss (RPO)</h2>
        <table>
        <tr><th>Component</th><th>Newest validated datum</th><th>Loss</th></tr>
        {{#losses}}<tr><td>{{component}}</td><td>{{newest}}</td><td>{{loss}}</td></tr>
        {{/losses}}
        {{#lossFacts}}<tr><th>{{name}}</th><td colspan="2">{{value}}</td></tr>
        {{/lossFacts}}
        </table>
        <h2>Checks</h2>
        <div class="scroll"><table>
        <tr><th>Check</th><th>Component</th><th>Verdict</th><th>Measured</th><th>Target</th><th></th></tr>
        {{#checks}}<tr><td>{{name}}</td><td>{{component}}</td><td class="{{tone}}">{{verdict}}</td><td>{{measured}}</td><td>{{target}}</td><td>{{detail}}</td></tr>
        {{/checks}}
        </table></div>
        {{#negative}}<h2>Negative control</h2>
        <table>
        <tr><th>Injected fault</th><td>{{damage}}</td></tr>
        <tr><th>Must be detected by</th><td>{{negativeExpected}}</td></tr>
        <tr><th>Failed</th><td>{{negativeRed}}</td></tr>
        {{#negativeWhy}}<tr><th></th><td>{{.}}</td></tr>
        {{/negativeWhy}}
        <tr><th>Verdict</th><td>{{negativeVerdict}}</td></tr>
        </table>
        {{/negative}}
        {{#hasLiveStack}}<h2>Live stack</h2>
        <table>{{#liveStack}}<tr><th>{{name}}</th><td>{{value}}</td></tr>{{/liveStack}}</table>
        {{/hasLiveStack}}
        {{#hasDeviations}}<h2>Deviations</h2>
        <ul>{{#deviations}}<li>{{.}}</li>{{/deviations}}</ul>
        {{/hasDeviations}}
        {{#hasActions}}<h2>Corrective actions</h2>
        <table><tr><th>Action</th><th>Owner</th><th>Due</th></tr>
        {{#actions}}<tr><td>{{action}}</td><td>{{owner}}</td><td>{{due}}</td></tr>{{/actions}}</table>
        {{/hasActions}}
        <h2>Scope</h2>
        <table>{{#facts}}<tr><th>{{name}}</th><td>{{value}}</td></tr>{{/facts}}</table>
        {{#hasSegregation}}<h2>Segregation of backup and run</h2>
        <table>{{#segregation}}<tr><th>{{name}}</th><td>{{value}}</td></tr>{{/segregation}}</table>
        {{/hasSegregation}}
        <h2>Controls</h2>
        {{#hasVerdicts}}<div class="scroll"><table><tr><th>Standard</th><th>Control</th><th>Requirement</th><th>Verdict</th><th>Reason</th><th>Last shown</th><th>Next due</th></tr>
        {{#controls}}<tr><td>{{standard}}</td><td>{{control}}</td><td>{{asks}}</td><td class="{{tone}}">{{verdict}}</td><td>{{reason}}</td><td>{{shown}}</td><td>{{due}}</td></tr>
        {{/controls}}</table></div>
        <p class="quiet">The evidence supports these requirements; it does not show compliance. The text of each rule is authoritative.</p>
        {{/hasVerdicts}}{{^hasVerdicts}}<div class="scroll"><table><tr><th>Standard</th><th>Control</th><th>Requirement</th><th>Supported by</th></tr>
        {{#controls}}<tr><td>{{standard}}</td><td>{{control}}</td><td>{{asks}}</td><td>{{parts}}</td></tr>
        {{/controls}}</table></div>
        {{/hasVerdicts}}
        <footer>
        <p>Computed from a journal of {{lineCount}} lines. SHA-256 of its last line: <code>{{head}}</code>.</p>
        <p>Evidence document: SHA-256 <code>{{digest}}</code>. <code>dr report verify</code> verifies that this page matches it.</p>
        </footer>
        </body>
        </html>

        """
}
