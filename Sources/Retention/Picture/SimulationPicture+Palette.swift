extension SimulationPicture {
    /// The colours of the picture, as values of SVG's attributes.
    package struct Palette: Sendable {
        /// The colours of a curve and of the area below it.
        package struct Curve: Sendable {
            package var line: String
            package var area: String

            package init(line: String, area: String) { (self.line, self.area) = (line, area) }
        }

        package var background: String
        package var ink: String
        package var faint: String
        package var muted: String
        package var sets: Curve
        package var stored: Curve
        /// The size of one full backup.
        package var full: String
        package var tiers: [Tier: String]

        package init(
            background: String, ink: String, faint: String, muted: String, sets: Curve, stored: Curve, full: String,
            tiers: [Tier: String]
        ) {
            (self.background, self.ink, self.faint, self.muted) = (background, ink, faint, muted)
            (self.sets, self.stored, self.full, self.tiers) = (sets, stored, full, tiers)
        }

        /// Dark on white, for a document.
        package static let paper = Palette(
            background: "#fff", ink: "#1f2933", faint: "#e3e8ee", muted: "#66758a",
            sets: Curve(line: "#2563eb", area: "#dbe7fd"), stored: Curve(line: "#0d9488", area: "#d5f0ec"),
            full: "#c2410c",
            tiers: [
                .hourly: "#2563eb", .daily: "#0d9488", .weekly: "#ca8a04", .monthly: "#c2410c", .yearly: "#7c3aed",
            ])
    }
}
