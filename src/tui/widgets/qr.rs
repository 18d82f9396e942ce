//! QR codes, black on white whatever the screen's colours are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::theme::Tone;
use crate::render::{self, Matrix, TooLong};

/// Light modules around a code, as ISO/IEC 18004 asks for.
const QUIET: u16 = 4;

/// Modules a side that have room in so many cells; a cell holds two, one above the other.
pub(crate) fn modules(width: u16, height: u16) -> u16 {
    width.min(height.saturating_mul(2)).saturating_sub(2 * QUIET)
}

/// The frames of `payload` for an area of this size, one where it fits.
pub(crate) fn frames(payload: &str, width: u16, height: u16) -> Result<Vec<String>, TooLong> {
    render::frames(payload, modules(width, height))
}

/// Cells that a code takes: columns and rows.
pub(crate) fn size(matrix: &Matrix) -> (u16, u16) {
    let side = matrix.width + 2 * QUIET;
    (side, side.div_ceil(2))
}

/// Draws a code at the upper left corner of `area`; nothing where it does not fit.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, matrix: &Matrix) {
    let (width, height) = size(matrix);
    if width > area.width || height > area.height {
        return;
    }
    for (line, y) in render::half_blocks(matrix, QUIET).iter().zip(area.y..) {
        buffer.set_stringn(area.x, y, line, usize::from(area.width), Tone::Ink.style());
    }
}
