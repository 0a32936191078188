extension Asset {
    /// The styles of the pages about runs and retention.
    static let runStyles = Asset(
        name: "runs.css", type: "text/css; charset=utf-8",
        text: """
            :root { --r-ink: #1c2330; --r-soft: #566172; --r-line: #d8dde5; --r-field: #f5f7fa; --r-good: #136c3e;
              --r-warn: #8a4b00; --r-bad: #a8201a; --r-busy: #0b5cad; --r-band: #cfe3f7; }
            @media (prefers-color-scheme: dark) { :root { --r-ink: #e6e9ee; --r-soft: #a9b3c1; --r-line: #38414e;
              --r-field: #1b212a; --r-good: #57cc93; --r-warn: #f2b04f; --r-bad: #ff8a80; --r-busy: #7cb8ff;
              --r-band: #24405c; } }
            .r-quiet { color: var(--r-soft); }
            .r-crumb { margin: 0 0 .25rem; font-size: .9rem; }
            .r-head { font-size: 1.15rem; margin: .25rem 0 .75rem; }
            .r-badge { display: inline-block; padding: .05rem .55rem; border: 1.5px solid currentColor; border-radius: 1rem;
              font-size: .82rem; font-weight: 650; white-space: nowrap; color: var(--r-soft); }
            .r-badge.good, dd.good { color: var(--r-good); } .r-badge.warn, dd.warn { color: var(--r-warn); }
            .r-badge.bad, dd.bad { color: var(--r-bad); } .r-badge.busy { color: var(--r-busy); }
            .r-head .r-badge { font-size: 1rem; }
            .r-note { border-left: 4px solid var(--r-line); background: var(--r-field); margin: .5rem 0; padding: .5rem .8rem;
              overflow-wrap: anywhere; white-space: pre-line; }
            .r-note.bad { border-color: var(--r-bad); }
            .r-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .6rem 1.2rem;
              margin: 0 0 1rem; }
            .r-facts dt { color: var(--r-soft); font-size: .82rem; } .r-facts dd { margin: 0; font-weight: 600;
              overflow-wrap: anywhere; }
            .r-scroll { overflow-x: auto; max-width: 100%; }
            .r-scroll:focus-visible { outline: 3px solid var(--r-busy); outline-offset: 2px; }
            .r-table { border-collapse: collapse; width: 100%; font-size: .92rem; }
            .r-table th, .r-table td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0;
              border-bottom: 1px solid var(--r-line); }
            .r-table thead th { color: var(--r-soft); font-weight: 600; white-space: nowrap; }
            .r-table tbody th { font-weight: 600; white-space: nowrap; }
            .r-detail { overflow-wrap: anywhere; min-width: 14rem; white-space: pre-line; }
            .r-table td.number { text-align: right; font-variant-numeric: tabular-nums; }
            .r-critical { font-size: .72rem; font-weight: 650; color: var(--r-warn); border-bottom: 2px solid currentColor; }
            .r-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
            .r-table caption.r-hidden { position: absolute; }
            .r-log { max-height: 24rem; overflow-y: auto; border: 1px solid var(--r-line); background: var(--r-field); }
            .r-log ol { list-style: none; margin: 0; padding: .4rem .8rem; font-family: ui-monospace, monospace;
              font-size: .84rem; line-height: 1.5; }
            .r-log li { white-space: pre-wrap; overflow-wrap: anywhere; padding-left: 5.5rem; text-indent: -5.5rem; }
            .r-log time { display: inline-block; width: 5rem; text-indent: 0; color: var(--r-soft); }
            .r-log li.warn { color: var(--r-warn); }
            .r-cards { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem; }
            .r-cards li { border: 1px solid var(--r-line); border-radius: .5rem; padding: .6rem .8rem; overflow-wrap: anywhere; }
            .r-files { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: 0; }
            .r-pages { display: flex; gap: 1rem; margin: .8rem 0; }
            .r-run progress { width: 7rem; vertical-align: middle; accent-color: var(--r-busy); }
            svg.graph, svg.chart { display: block; font-family: inherit; }
            svg.chart { min-width: 34rem; width: 100%; max-width: 60rem; height: auto; }
            :is(.graph, .chart) text { fill: var(--r-ink); font-size: 13px; } :is(.graph, .chart) text.axis { fill: var(--r-soft); font-size: 12px; }
            :is(.graph, .chart) .grid { stroke: var(--r-line); } :is(.graph, .chart) .now { stroke: var(--r-soft); stroke-dasharray: 3 3; }
            :is(.graph, .chart) polyline, :is(.graph, .chart) .edge { fill: none; } :is(.graph, .chart) .rto { stroke: var(--r-bad); stroke-width: 2; stroke-dasharray: 7 4; }
            :is(.graph, .chart) .burn { stroke: var(--r-busy); stroke-width: 2; } :is(.graph, .chart) .ahead { stroke: var(--r-busy); stroke-width: 2;
              stroke-dasharray: 2 4; }
            :is(.graph, .chart) .band { fill: var(--r-band); } :is(.graph, .chart) .dot { fill: var(--r-busy); } :is(.graph, .chart) .dot.warn { fill: var(--r-warn); }
            :is(.graph, .chart) .dot.bad { fill: var(--r-bad); } :is(.graph, .chart) .dot.good { fill: var(--r-good); }
            :is(.graph, .chart) .edge { stroke: var(--r-soft); stroke-width: 1.2; opacity: .6; }
            :is(.graph, .chart) .edge.critical { stroke: var(--r-warn); stroke-width: 2.5; opacity: 1; }
            :is(.graph, .chart) .node rect { fill: var(--r-field); stroke: var(--r-line); stroke-width: 1.5; }
            :is(.graph, .chart) .node .name { font-weight: 600; } :is(.graph, .chart) .node .state { font-size: 12px; fill: var(--r-soft); }
            :is(.graph, .chart) .node.critical > rect:first-child { stroke-width: 3; stroke: var(--r-warn); }
            :is(.graph, .chart) .node .share { fill: var(--r-busy); stroke: none; }
            :is(.graph, .chart) .node.done > rect:first-child { stroke: var(--r-good); } :is(.graph, .chart) .node.done .state { fill: var(--r-good); }
            :is(.graph, .chart) .node.running > rect:first-child, :is(.graph, .chart) .node.rolling_back > rect:first-child { stroke: var(--r-busy); }
            :is(.graph, .chart) .node.running .state { fill: var(--r-busy); }
            :is(.graph, .chart) .node.failed > rect:first-child, :is(.graph, .chart) .node.cancelled > rect:first-child { stroke: var(--r-bad); }
            :is(.graph, .chart) .node.failed .state, :is(.graph, .chart) .node.cancelled .state { fill: var(--r-bad); }
            :is(.graph, .chart) .node.retrying > rect:first-child, :is(.graph, .chart) .node.skipped > rect:first-child { stroke: var(--r-warn);
              stroke-dasharray: 5 3; } :is(.graph, .chart) .node.retrying .state, :is(.graph, .chart) .node.skipped .state { fill: var(--r-warn); }
            :is(.graph, .chart) .tier-bar { fill: var(--r-busy); } :is(.graph, .chart) .tier-bar.going { fill: var(--r-warn); }
            .r-form { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .7rem 1.4rem;
              margin: 0 0 1rem; }
            .r-form label { display: block; font-size: .88rem; color: var(--r-soft); }
            .r-form output { font-weight: 650; color: var(--r-ink); }
            .r-form input, .r-form select { width: 100%; font: inherit; accent-color: var(--r-busy); }
            .r-form button { font: inherit; padding: .35rem 1rem; align-self: end; justify-self: start; }
            .r-paper { background: #fff; border-radius: .5rem; }
            @media print { .r-log { max-height: none; } .r-scroll { overflow: visible; } .r-form { display: none; } }

            """)
}
