extension Asset {
    /// Simulates while the sliders move. Without it, the form has a button.
    static let retentionScript = Asset(
        name: "retention.js", type: "text/javascript; charset=utf-8",
        text: """
            "use strict";
            (() => {
              const form = document.getElementById("simulator");
              const result = document.getElementById("simulation");
              if (!form || !result || !window.fetch) return;
              let timer = 0, isBusy = false, isStale = false;
              const query = () => new URLSearchParams(new FormData(form)).toString();
              const run = async () => {
                if (isBusy) { isStale = true; return; }
                isBusy = true;
                try {
                  const response = await fetch("/retention/simulation?" + query());
                  if (response.ok) {
                    result.innerHTML = await response.text();
                    history.replaceState(null, "", "/retention?" + query() + "#h-simulator");
                  }
                } catch { } finally {
                  isBusy = false;
                  if (isStale) { isStale = false; run(); }
                }
              };
              form.addEventListener("input", (event) => {
                const output = form.querySelector('output[for="' + event.target.id + '"]');
                if (output) output.textContent = event.target.value;
                clearTimeout(timer);
                timer = setTimeout(run, 200);
              });
              form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
            })();

            """)
}
