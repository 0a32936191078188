extension Asset {
    /// The one style sheet of the console.
    static let stylesheet = Asset(name: "console.css", type: "text/css; charset=utf-8", text: frame + content)

    /// Colours, type, header and footer. All pairs of text and ground have a contrast of 4.5 or more in both schemes.
    private static let frame = """
        :root {
          color-scheme: light dark;
          --ground: #f6f7f7; --card: #ffffff; --text: #1c2429; --quiet: #56636b; --line: #d8dee1; --link: #0a5fa8;
          --brand: #0b6e5f; --green: #0c6b3f; --green-ground: #e0f3e8; --amber: #7a4b00; --amber-ground: #fdf0d2;
          --red: #a3161d; --red-ground: #fde5e4; --focus: #0a5fa8; --bar: #ffffff; --track: #e4e9eb;
          --chart-1: #2563eb; --chart-1-area: #dbe7fd; --chart-2: #0b7a70; --chart-2-area: #d5f0ec; --chart-3: #94650a;
          --chart-4: #c2410c; --chart-5: #7c3aed;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --ground: #12171a; --card: #1a2125; --text: #e4eaed; --quiet: #a0aeb6; --line: #323d43; --link: #7cbcf5;
            --brand: #5ecdb5; --green: #7ddba6; --green-ground: #123524; --amber: #f3c466; --amber-ground: #3a2c0c;
            --red: #ff9d97; --red-ground: #451a1b; --focus: #7cbcf5; --bar: #1a2125; --track: #2b363b;
            --chart-1: #8ab4f8; --chart-1-area: #22344f; --chart-2: #5ecdb5; --chart-2-area: #163c36; --chart-3: #e6b450;
            --chart-4: #fb9467; --chart-5: #c4a7fb;
          }
        }
        * { box-sizing: border-box; }
        html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", Arial, sans-serif; }
        body { margin: 0; background: var(--ground); color: var(--text); }
        a { color: var(--link); text-underline-offset: 2px; text-decoration-thickness: 1px; }
        :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
        .skip { position: absolute; left: -100vw; background: var(--card); padding: 8px 14px; z-index: 2; }
        .skip:focus { left: 8px; top: 8px; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 28px; background: var(--bar);
          border-bottom: 1px solid var(--line); padding: 0 max(20px, calc((100vw - 1240px) / 2)); min-height: 54px; }
        .brand { color: var(--text); text-decoration: none; font-weight: 650; display: flex; align-items: center; gap: 10px; }
        .brand .mark { background: #0b6e5f; color: #fff; border-radius: 6px; padding: 1px 8px 2px; letter-spacing: .02em; }
        .bar nav { flex: 1; }
        .bar ul { display: flex; flex-wrap: wrap; gap: 2px; list-style: none; margin: 0; padding: 0; }
        .bar li a { display: block; color: var(--quiet); text-decoration: none; padding: 15px 12px 12px; border-bottom: 3px solid transparent; }
        .bar li a:hover { color: var(--text); border-color: var(--line); }
        .bar li a[aria-current] { color: var(--text); border-color: var(--brand); font-weight: 600; }
        .sign-out button { background: none; border: 0; color: var(--link); cursor: pointer; font: inherit; padding: 8px 4px; }
        main { max-width: 1280px; margin: 0 auto; padding: 22px 20px 40px; outline: none; }
        .foot { max-width: 1280px; margin: 0 auto; padding: 12px 20px 26px; color: var(--quiet); font-size: 13px; }
        h1 { font-size: 24px; line-height: 1.25; margin: 6px 0 10px; overflow-wrap: anywhere; }
        h2 { font-size: 17px; margin: 30px 0 8px; }
        h3 { font-size: 15px; margin: 20px 0 6px; }
        p { margin: 6px 0; max-width: 78ch; }
        .lead { color: var(--quiet); }
        .quiet { color: var(--quiet); font-size: 13px; font-weight: 400; }
        .note { background: var(--amber-ground); color: var(--amber); border-left: 4px solid currentColor; padding: 10px 14px;
          border-radius: 4px; max-width: none; margin: 0 0 16px; }
        .wrong { color: var(--red); }
        .hint { color: var(--quiet); }
        code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .93em; overflow-wrap: anywhere; }

        """

    private static let content = """
        .badge { display: inline-flex; align-items: baseline; gap: 6px; padding: 1px 9px 1px 7px; border-radius: 99px;
          font-size: 13px; font-weight: 600; white-space: nowrap; }
        .badge.green { color: var(--green); background: var(--green-ground); }
        .badge.amber { color: var(--amber); background: var(--amber-ground); }
        .badge.red { color: var(--red); background: var(--red-ground); }
        .badge.grey { color: var(--quiet); background: var(--track); }
        .sign { font-weight: 800; }
        h1 .badge { vertical-align: 3px; }
        .hero { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--line); border-radius: 8px;
          padding: 16px 20px 14px; }
        .hero.green { border-left-color: var(--green); }
        .hero.amber { border-left-color: var(--amber); }
        .hero.red { border-left-color: var(--red); }
        .hero h1 { margin: 0; display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; }
        .as-of { color: var(--quiet); font-size: 13px; margin: 4px 0 12px; }
        .facts { display: flex; flex-wrap: wrap; gap: 12px 36px; margin: 12px 0 4px; }
        .facts dt { color: var(--quiet); font-size: 13px; }
        .facts dd { margin: 0; font-size: 16px; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        .alarms { background: var(--red-ground); color: var(--red); border-radius: 8px; padding: 1px 20px 8px; margin-top: 20px; }
        table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
        caption { text-align: left; color: var(--quiet); font-size: 13px; padding: 0 0 6px; }
        th, td { text-align: left; padding: 8px 12px; border-top: 1px solid var(--line); vertical-align: baseline; }
        thead th { border-top: 0; color: var(--quiet); font-size: 13px; font-weight: 600; white-space: nowrap; }
        tbody th { font-weight: 600; }
        .stack-table th .quiet { white-space: nowrap; }
        .set-table th .quiet { display: block; }
        .set-table td { white-space: nowrap; } .set-table td:last-child { white-space: normal; }
        tbody tr:hover { background: color-mix(in srgb, var(--track) 40%, transparent); }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        meter { display: block; width: 120px; height: 8px; margin-top: 3px; accent-color: var(--brand); }
        meter::-webkit-meter-bar { background: var(--track); border: 0; border-radius: 4px; height: 6px; }
        meter::-webkit-meter-optimum-value { background: var(--brand); border-radius: 4px; }
        meter::-webkit-meter-suboptimum-value { background: var(--amber); border-radius: 4px; }
        .remarks li { color: var(--quiet); white-space: pre-line; }
        .filter { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 10px; margin: 14px 0; }
        .filter label { font-weight: 600; font-size: 13px; }
        input, select, button, .button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--quiet);
          border-radius: 6px; padding: 5px 11px; min-height: 36px; }
        button, .button { cursor: pointer; text-decoration: none; color: var(--link); border-color: var(--line); }
        button:hover, .button:hover { border-color: var(--link); }
        input[type=search] { min-width: min(320px, 100%); }
        .pages { display: flex; justify-content: space-between; gap: 12px; margin: 14px 0; }
        .crumbs { font-size: 13px; display: flex; flex-wrap: wrap; gap: 2px 6px; overflow-wrap: anywhere; }
        .crumbs a:not(:last-child)::after { content: "/"; color: var(--quiet); margin-left: 6px; display: inline-block; }
        .timeline { margin: 16px 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
        .timeline figcaption { color: var(--quiet); font-size: 13px; margin-bottom: 8px; }
        .scroll { overflow-x: auto; }
        svg.sets { display: block; width: 100%; height: auto; min-width: 820px; font-size: 11px; }
        svg.sets.narrow { display: none; min-width: 0; }
        .sets text { fill: var(--quiet); }
        .sets .lane { fill: var(--text); }
        .sets .tick { stroke: var(--line); }
        .sets .kept { fill: var(--link); } .sets .verified { fill: var(--green); } .sets .bad { fill: var(--red); } .sets .gone { fill: var(--quiet); }
        .files .path { font-weight: 400; font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px;
          overflow-wrap: anywhere; }
        .files .mode { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 13px; }
        .files td, .files th { padding: 5px 12px; }
        .folder { font-weight: 600; }
        .unfold { border: 0; background: none; padding: 0 6px 0 0; min-height: 24px; min-width: 24px; color: var(--quiet); }
        .depth-1 { padding-left: 34px !important; } .depth-2 { padding-left: 56px !important; } .depth-3 { padding-left: 78px !important; }
        .depth-4 { padding-left: 100px !important; } .depth-5 { padding-left: 122px !important; }
        .depth-6, .depth-7, .depth-8 { padding-left: 144px !important; }
        .change { display: inline-block; width: 1.2em; font-weight: 700; }
        .count { margin-right: 14px; }
        .failed dt { font-weight: 600; } .failed dd { margin: 0 0 8px; color: var(--red); }
        .sign-in main { max-width: 380px; margin-top: 12vh; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 20px 28px 28px; }
        .sign-in form { display: grid; gap: 10px; }
        @media screen and (max-width: 760px) {
          html { font-size: 15px; }
          .bar { padding: 8px 14px 0; gap: 0 14px; }
          .bar nav { flex-basis: 100%; order: 2; }
          .bar li a { padding: 9px 10px 7px; }
          main { padding: 14px 12px 30px; }
          .foot { padding: 12px 12px 22px; }
          .set-table td { white-space: normal; }
          .hero { padding: 14px 14px 10px; }
          h1 { font-size: 20px; }
          .facts { gap: 10px 24px; }
          .stack-table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .stack-table, .stack-table tbody, .stack-table tr, .stack-table th, .stack-table td, .stack-table caption { display: block; }
          .stack-table { border: 0; background: none; }
          .stack-table tr { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: 10px; padding: 8px 12px; }
          .stack-table th, .stack-table td { border: 0; padding: 3px 0; text-align: left; white-space: normal; }
          .stack-table td { display: grid; grid-template-columns: 118px 1fr; align-items: baseline; }
          .stack-table td::before { content: attr(data-label); color: var(--quiet); font-size: 13px; }
          .stack-table td > * { grid-column: 2; justify-self: start; }
          .files .wide { display: none; }
          .files td, .files th { padding: 6px 8px; }
          svg.sets { display: none; }
          svg.sets.narrow { display: block; }
        }
        @page { margin: 14mm 12mm; }
        @media print {
          :root { color-scheme: light; --ground: #fff; --card: #fff; --text: #000; --quiet: #333; --line: #999; --link: #000;
            --bar: #fff; }
          html { font-size: 11px; }
          nav, form, button, .skip, .take { display: none !important; }
          .bar, main, .foot { padding-left: 0; padding-right: 0; max-width: none; }
          .badge { border: 1px solid currentColor; }
          .badge, meter, progress, svg { print-color-adjust: exact; }
          a { text-decoration: underline; }
          .brand { text-decoration: none; }
          .brand .mark { background: none; color: #0b6e5f; border: 1px solid currentColor; }
          .scroll, .r-scroll { overflow: visible; max-width: none; }
          svg.sets { min-width: 0; }
          th, td { padding: 4px 5px; overflow-wrap: break-word; }
          th code, td code, .files .path { overflow-wrap: break-word; }
          .set-table td, .stack-table th .quiet, thead th { white-space: normal; }
          h2, h3, caption { break-after: avoid; }
          tr, figure, svg, .hero, .alarms { break-inside: avoid; }
        }
        @media (forced-colors: active) { .badge { border: 1px solid; } }

        """
}
