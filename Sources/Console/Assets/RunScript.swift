extension Asset {
    /// Keeps the page of a run up to date. Without it, or without a connection, the page reloads itself.
    static let runScript = Asset(
        name: "run.js", type: "text/javascript; charset=utf-8",
        text: """
            "use strict";
            (() => {
              const live = document.getElementById("run");
              const status = document.getElementById("run-status");
              if (!live || !live.dataset.events) return;
              let last = "", told = "", timer = 0;
              const say = (text) => { if (text !== told) { status.textContent = told = text; } };
              const later = () => { if (!timer) timer = setTimeout(() => location.reload(), 10000); };
              const show = (state) => {
                if (state.html === last) return;
                last = state.html;
                const scrolls = new Map();
                for (const part of live.querySelectorAll("[id][tabindex]")) scrolls.set(part.id, [part.scrollLeft, part.scrollTop]);
                const focus = live.contains(document.activeElement) ? document.activeElement.id : "";
                live.innerHTML = state.html;
                for (const [id, [left, top]] of scrolls) {
                  const part = document.getElementById(id);
                  if (part) { part.scrollLeft = left; part.scrollTop = top; }
                }
                if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
              };
              if (!window.EventSource) return later();
              const source = new EventSource(live.dataset.events);
              source.addEventListener("state", (event) => {
                clearTimeout(timer); timer = 0;
                const state = JSON.parse(event.data);
                show(state); say(state.sentence);
              });
              source.addEventListener("end", () => source.close());
              source.onerror = () => {
                say("The connection to the console is lost. The page tries to reconnect; what it shows may be old.");
                if (source.readyState === EventSource.CLOSED) later();
              };
              addEventListener("pagehide", () => source.close());
            })();

            """)
}
