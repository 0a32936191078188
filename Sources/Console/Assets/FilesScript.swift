extension Asset {
    /// Unfolds folders within the page. Without it, a folder's link opens its own page.
    static let filesScript = Asset(
        name: "files.js", type: "text/javascript; charset=utf-8",
        text: """
            'use strict';
            (() => {
              const arm = (row, depth) => {
                const link = row.querySelector('a.folder');
                if (!link) return;
                const button = document.createElement('button');
                button.type = 'button';
                button.className = 'unfold';
                button.textContent = '▸';
                button.setAttribute('aria-expanded', 'false');
                button.setAttribute('aria-label', 'Unfold ' + link.textContent);
                link.before(button);
                let rows = null;
                const show = (isOpen) => {
                  button.setAttribute('aria-expanded', String(isOpen));
                  button.textContent = isOpen ? '▾' : '▸';
                  for (const inner of rows) {
                    inner.hidden = !isOpen;
                    const nested = inner.querySelector('.unfold[aria-expanded=true]');
                    if (!isOpen && nested) nested.click();
                  }
                };
                button.addEventListener('click', async () => {
                  if (rows) return show(button.getAttribute('aria-expanded') !== 'true');
                  button.disabled = true;
                  try {
                    const address = new URL(link.href);
                    address.searchParams.set('part', '1');
                    const response = await fetch(address, { headers: { Accept: 'text/html' } });
                    if (!response.ok) return location.assign(link.href);
                    const body = document.createElement('tbody');
                    body.innerHTML = await response.text();
                    rows = Array.from(body.rows);
                    row.after(...rows);
                    for (const inner of rows) {
                      inner.querySelector('.path').classList.add('depth-' + Math.min(depth + 1, 8));
                      arm(inner, depth + 1);
                    }
                    show(true);
                  } finally { button.disabled = false; button.focus(); }
                });
              };
              for (const row of document.querySelectorAll('table.files tbody tr')) arm(row, 0);
            })();

            """)
}
