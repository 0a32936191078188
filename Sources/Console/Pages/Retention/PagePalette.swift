import Retention

extension SimulationPicture.Palette {
    /// The colours of the pages, light or dark, from their style sheets.
    static let page = SimulationPicture.Palette(
        background: "none", ink: "var(--text)", faint: "var(--line)", muted: "var(--quiet)",
        sets: .init(line: "var(--chart-1)", area: "var(--chart-1-area)"),
        stored: .init(line: "var(--chart-2)", area: "var(--chart-2-area)"), full: "var(--chart-4)",
        tiers: [
            .hourly: "var(--chart-1)", .daily: "var(--chart-2)", .weekly: "var(--chart-3)",
            .monthly: "var(--chart-4)", .yearly: "var(--chart-5)",
        ])
}
