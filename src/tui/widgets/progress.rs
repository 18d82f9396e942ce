//! How far something is.

use ratatui::text::Line;

use super::super::theme::Tone;

/// A bar of blocks, and count, share, time passed and time left under it; `elapsed` in ms.
///
/// Without a total there is no bar: only a sign that moves once a second, and the time passed.
pub(crate) fn progress(done: usize, total: usize, elapsed: u64, width: usize) -> Vec<Line<'static>> {
    if total == 0 {
        let spin = ["|", "/", "-", "\\"];
        let index = usize::try_from(elapsed / 1000 % 4).unwrap_or(0);
        let sign = spin.get(index).copied().unwrap_or_default();
        return vec![Tone::Text.line(format!("{sign}  {} so far", clock(elapsed)))];
    }
    let done = done.min(total);
    let cells = width.clamp(10, 60);
    let full = cells * done / total;
    let bar = vec![Tone::Good.span("█".repeat(full)), Tone::Quiet.span("░".repeat(cells - full))];
    let percent = done * 100 / total;
    let left = match u64::try_from(done).ok().filter(|done| *done > 0 && elapsed >= 1000) {
        Some(count) => format!(", about {} left", clock(elapsed * u64::try_from(total - done).unwrap_or(0) / count)),
        None => String::new(),
    };
    let left = if done == total { String::new() } else { left };
    let text = format!("{done} of {total}  {percent} %  {} so far{left}", clock(elapsed));
    vec![Line::from(bar), Tone::Text.line(text)]
}

/// `0:07`, `12:00` or `1:02:03`.
fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(done: usize, total: usize, elapsed: u64) -> Vec<String> {
        progress(done, total, elapsed, 20).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tells_count_share_and_time_left() {
        let bar = "█████░░░░░░░░░░░░░░░";
        assert_eq!(text(25, 100, 20_000), [bar, "25 of 100  25 %  0:20 so far, about 1:00 left"]);
        assert_eq!(text(0, 9, 0)[1], "0 of 9  0 %  0:00 so far");
        assert_eq!(text(9, 9, 3_723_000)[1], "9 of 9  100 %  1:02:03 so far");
    }

    #[test]
    fn moves_where_the_end_is_unknown() {
        assert_eq!(text(0, 0, 1_500), ["/  0:01 so far"]);
    }
}
