extension Asset {
    /// The styles of the pages about runs and retention, on top of ``stylesheet``.
    static let runStyles = Asset(
        name: "runs.css", type: "text/css; charset=utf-8",
        text: """
            .r-head { font-size: 17px; margin: 4px 0 12px; max-width: none; }
            .r-badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 13px; font-weight: 600;
              white-space: nowrap; color: var(--quiet); background: var(--track); }
            .r-badge.good { color: var(--green); background: var(--green-ground); }
            .r-badge.warn { color: var(--amber); background: var(--amber-ground); }
            .r-badge.bad { color: var(--red); background: var(--red-ground); }
            .r-badge.busy { color: var(--link); background: color-mix(in srgb, var(--link) 12%, var(--card)); }
            .r-head .r-badge { font-size: 15px; margin-right: 6px; }
            .r-note { border-left: 4px solid var(--line); background: var(--card); margin: 8px 0; padding: 8px 14px;
              border-radius: 4px; overflow-wrap: anywhere; white-space: pre-line; max-width: none; }
            .r-note.bad { border-color: var(--red); background: var(--red-ground); color: var(--red); }
            .r-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 10px 24px;
              margin: 0 0 16px; padding: 14px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
            .r-facts dt { color: var(--quiet); font-size: 13px; }
            .r-facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
            dd.warn { color: var(--amber); } dd.bad { color: var(--red); }
            .r-scroll { overflow-x: auto; max-width: 100%; }
            .r-card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; margin: 0 0 12px; }
            .r-table tbody th { white-space: nowrap; }
            .r-detail { overflow-wrap: anywhere; min-width: 14rem; white-space: pre-line; }
            .r-critical { font-size: 12px; font-weight: 600; color: var(--amber); }
            .r-log { max-height: 26rem; overflow-y: auto; }
            .r-log ol { list-style: none; margin: 0; padding: 0; font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace;
              font-size: 13px; }
            .r-log li { white-space: pre-wrap; overflow-wrap: anywhere; display: grid; grid-template-columns: 5rem 1fr; }
            .r-log time { color: var(--quiet); } .r-log li.warn { color: var(--amber); }
            .r-cards { list-style: none; padding: 0; margin: 0; display: grid; gap: 10px; }
            .r-cards li { border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; overflow-wrap: anywhere;
              background: var(--card); }
            .r-cards a { font-weight: 600; margin-right: 6px; }
            .r-files { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin: 0; }
            .r-files a { display: inline-block; padding: 4px 0; }
            .r-run progress { width: 110px; vertical-align: middle; accent-color: var(--brand); }
            .r-trends { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: 0 24px; }
            .graph, .chart { display: block; margin: 0 auto 0 0; }
            .chart { min-width: 30rem; width: 100%; max-width: 60rem; height: auto; }
            .graph text, .chart text { fill: var(--text); font-size: 13px; }
            .graph text.axis, .chart text.axis { fill: var(--quiet); font-size: 12px; }
            .chart .grid { stroke: var(--line); } .chart .now { stroke: var(--quiet); stroke-dasharray: 3 3; }
            .chart polyline, .graph .edge { fill: none; }
            .chart .rto { stroke: var(--red); stroke-width: 2; stroke-dasharray: 7 4; }
            .chart .burn { stroke: var(--link); stroke-width: 2.5; }
            .chart .ahead { stroke: var(--link); stroke-width: 2; stroke-dasharray: 2 4; }
            .chart .band { fill: color-mix(in srgb, var(--link) 22%, var(--card)); }
            .chart .dot { fill: var(--link); stroke: var(--card); }
            .chart .dot.warn { fill: var(--amber); } .chart .dot.bad { fill: var(--red); } .chart .dot.good { fill: var(--green); }
            .graph .edge { stroke: var(--quiet); stroke-width: 1.2; opacity: .6; }
            .graph .edge.critical { stroke: var(--amber); stroke-width: 2.5; opacity: 1; }
            .graph .node rect { fill: var(--ground); stroke: var(--line); stroke-width: 1.5; }
            .graph .node .name { font-weight: 600; } .graph .node .state { font-size: 12px; fill: var(--quiet); }
            .graph .node.done > rect:first-child { stroke: var(--green); } .graph .node.done .state { fill: var(--green); }
            .graph .node.running > rect:first-child, .graph .node.rolling_back > rect:first-child { stroke: var(--link); stroke-width: 2.5; }
            .graph .node.running .state { fill: var(--link); }
            .graph .node.failed > rect:first-child, .graph .node.cancelled > rect:first-child { stroke: var(--red); stroke-width: 2.5; }
            .graph .node.failed .state, .graph .node.cancelled .state { fill: var(--red); }
            .graph .node.retrying > rect:first-child, .graph .node.skipped > rect:first-child { stroke: var(--amber);
              stroke-dasharray: 5 3; }
            .graph .node.retrying .state, .graph .node.skipped .state { fill: var(--amber); }
            .graph .node.critical > rect:first-child { stroke-width: 3; stroke: var(--amber); }
            .graph .node .share { fill: var(--link); stroke: none; }
            .r-form { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 12px 28px; margin: 0 0 16px; }
            .r-form label { display: block; font-size: 13px; color: var(--quiet); }
            .r-form output { font-weight: 650; color: var(--text); }
            .r-form input[type=range] { width: 100%; border: 0; padding: 0; background: none; accent-color: var(--brand); min-height: 28px; }
            .r-form select { width: 100%; } .r-form button { align-self: end; justify-self: start; }
            .r-paper { background: var(--card); border-radius: 8px; border: 1px solid var(--line); margin: 10px 0; }
            .r-paper svg { display: block; max-width: none; height: auto; width: max(100%, 700px); }
            @media screen and (max-width: 760px) {
              .r-facts { grid-template-columns: repeat(2, 1fr); padding: 10px 12px; }
              .stack-table .r-detail { min-width: 0; }
              .stack-table.r-table td > * { justify-self: start; }
              .r-log li { grid-template-columns: 4.2rem 1fr; }
              .r-card { padding: 6px; }
              .chart { min-width: 0; }
              .chart text, .chart text.axis { font-size: 19px; }
            }
            @media print {
              .r-log { max-height: none; }
              .r-scroll { overflow: visible; }
              .r-files, .r-save { display: none; }
              .r-badge { border: 1px solid currentColor; print-color-adjust: exact; }
              .r-table tbody th { white-space: normal; overflow-wrap: break-word; }
              .r-detail { min-width: 0; overflow-wrap: break-word; }
              .r-paper svg, .chart { width: 100%; min-width: 0; }
              .graph { max-width: 100%; height: auto; }
            }

            """)
}
