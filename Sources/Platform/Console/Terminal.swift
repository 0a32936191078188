internal import Glibc

/// The terminal at standard error.
package enum Terminal {
    /// The columns and lines; 80 and 24 if the terminal does not report them.
    package static var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// The terminal's echo as it was before ``hideInput()``.
    package struct Echo {
        fileprivate var settings: termios

        package func restore() {
            var settings = settings
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        }
    }

    /// Stops the terminal at standard input from showing what is typed.
    /// - Returns: nil if standard input is not a terminal.
    package static func hideInput() -> Echo? {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        let echo = Echo(settings: settings)
        settings.c_lflag &= ~tcflag_t(ECHO)
        // Discards what was typed before the question.
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        return echo
    }

    /// Returns the columns of a line: 2 for each wide character, none for combining marks.
    package static func columns(of line: some StringProtocol) -> Int {
        let bytes = line.utf8
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : line.unicodeScalars.reduce(0) { $0 + $1.columns }
    }

    /// Returns the beginning of a line that fits into `columns`.
    package static func cut(_ line: String, to columns: Int) -> String {
        guard line.utf8.count > columns else { return line }
        var taken = 0
        var text = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            taken += scalar.columns
            guard taken <= columns else { break }
            text.append(scalar)
        }
        return String(text)
    }
}

extension Unicode.Scalar {
    fileprivate var columns: Int {
        guard value >= 0x300 else { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // East Asian wide and full-width characters of UAX #11, and pictographs.
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return properties.isEmojiPresentation ? 2 : 1
        }
    }
}
