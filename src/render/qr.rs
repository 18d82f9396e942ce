//! QR codes (ISO/IEC 18004) as matrices of modules, as half blocks, and as numbered frames.

use qrcode::{Color, EcLevel, QrCode, bits};
use thiserror::Error;

/// Frames that a payload is split into at most; nobody scans more.
const FRAMES: usize = 99;

/// A QR code: a square of modules, row by row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Matrix {
    /// Modules in a row, and rows: 21 to 177, without the quiet zone.
    pub width: u16,
    /// `true` is a dark module: ink on paper.
    pub modules: Vec<bool>,
}

impl Matrix {
    /// Whether the module is dark; outside the matrix all is light.
    #[must_use]
    pub fn is_dark(&self, column: u16, row: u16) -> bool {
        let index = usize::from(row) * usize::from(self.width) + usize::from(column);
        column < self.width && self.modules.get(index).copied().unwrap_or_default()
    }
}

/// The smallest QR code of error correction level L that holds `data`.
///
/// # Errors
///
/// More data than the largest QR code holds: 2953 octets, 4296 signs of `0-9A-Z $%*+-./:`, or 7089 digits.
pub fn matrix(data: &[u8]) -> Result<Matrix, TooLong> {
    let too_long = TooLong { octets: data.len(), width: 177 };
    let code = QrCode::with_error_correction_level(data, EcLevel::L).map_err(|_| too_long.clone())?;
    let width = u16::try_from(code.width()).map_err(|_| too_long)?;
    Ok(Matrix { width, modules: code.into_colors().iter().map(|color| *color == Color::Dark).collect() })
}

/// Two modules to a cell, one above the other, out of ` `, `▀`, `▄` and `█`, with `quiet` light modules around.
///
/// A block is a dark module, so the foreground has to be dark and the background light: black on white. Each line has
/// `width + 2 * quiet` cells. The standard asks for a quiet zone of 4.
#[must_use]
pub fn half_blocks(matrix: &Matrix, quiet: u16) -> Vec<String> {
    // Before the matrix the subtraction fails, behind it `is_dark` says no: both are quiet zone.
    let dark = |column: u16, row: u16| match (column.checked_sub(quiet), row.checked_sub(quiet)) {
        (Some(column), Some(row)) => matrix.is_dark(column, row),
        _ => false,
    };
    let cell = |column: u16, row: u16| match (dark(column, row), dark(column, row.saturating_add(1))) {
        (false, false) => ' ',
        (true, false) => '▀',
        (false, true) => '▄',
        (true, true) => '█',
    };
    let size = matrix.width.saturating_add(quiet.saturating_mul(2));
    (0..size).step_by(2).map(|row| (0..size).map(|column| cell(column, row)).collect()).collect()
}

/// `payload` in as few frames as possible, each of which fits a QR code of at most `max_modules` modules a side.
///
/// A payload that fits one code stays as it is. Otherwise each frame is `1/3 ` and a part; the parts, in order, are the
/// payload.
///
/// # Errors
///
/// A payload that 99 such frames do not hold.
pub fn frames(payload: &str, max_modules: u16) -> Result<Vec<String>, TooLong> {
    if fits(payload, max_modules) {
        return Ok(vec![payload.to_owned()]);
    }
    let signs: Vec<char> = payload.chars().collect();
    let split = |count: usize| -> Option<Vec<String>> {
        let parts = signs.chunks(signs.len().div_ceil(count)).enumerate();
        let frames = parts.map(|(index, part)| format!("{}/{count} {}", index + 1, part.iter().collect::<String>()));
        let frames = frames.map(|frame| fits(&frame, max_modules).then_some(frame)).collect::<Option<Vec<_>>>()?;
        (frames.len() == count).then_some(frames)
    };
    (2..=FRAMES).find_map(split).ok_or(TooLong { octets: payload.len(), width: max_modules })
}

fn fits(text: &str, max_modules: u16) -> bool {
    bits::encode_auto(text.as_bytes(), EcLevel::L)
        .is_ok_and(|bits| u16::try_from(bits.version().width()).is_ok_and(|width| width <= max_modules))
}

/// A payload that QR codes of this size do not hold.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{octets} octets do not fit into QR codes of at most {width} modules a side; use a larger screen or the file")]
pub struct TooLong {
    /// Octets of the payload.
    pub octets: usize,
    /// Modules a side that there is room for.
    pub width: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a camera reads off the lines of half blocks.
    fn scan(lines: &[String]) -> String {
        let cells: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let (width, height) = (cells[0].len(), cells.len() * 2);
        let dark = |x: usize, y: usize| matches!((cells[y / 2][x], y % 2), ('█', _) | ('▀', 0) | ('▄', 1));
        const SCALE: usize = 4;
        let mut image =
            rqrr::PreparedImage::prepare_from_bitmap(width * SCALE, height * SCALE, |x, y| dark(x / SCALE, y / SCALE));
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn draws_what_a_camera_reads() {
        for payload in
            ["78e1b145", ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"]
        {
            let matrix = matrix(payload.as_bytes()).unwrap();
            let lines = half_blocks(&matrix, 4);
            assert!(lines.iter().all(|line| line.chars().count() == usize::from(matrix.width) + 8));
            assert_eq!(lines.len(), (usize::from(matrix.width) + 8).div_ceil(2));
            assert_eq!(scan(&lines), payload);
        }
    }

    #[test]
    fn chooses_the_smallest_code() {
        assert_eq!(matrix(&[b'a'; 17]).unwrap().width, 21);
        assert_eq!(matrix(&[b'a'; 18]).unwrap().width, 25);
        assert_eq!(matrix(&[b'a'; 2954]), Err(TooLong { octets: 2954, width: 177 }));
    }

    #[test]
    fn splits_into_frames_that_fit_and_join_again() {
        let payload: String = (0..60).map(|index| format!("{index} größer; ")).collect();
        let frames = frames(&payload, 41).unwrap();
        assert!(frames.len() > 1);
        let mut joined = String::new();
        for (index, frame) in frames.iter().enumerate() {
            let matrix = matrix(frame.as_bytes()).unwrap();
            assert!(matrix.width <= 41);
            let read = scan(&half_blocks(&matrix, 4));
            joined += read.strip_prefix(&format!("{}/{} ", index + 1, frames.len())).unwrap();
        }
        assert_eq!(joined, payload);
    }

    #[test]
    fn leaves_a_payload_that_fits_alone() {
        assert_eq!(frames("78e1b145", 21), Ok(vec!["78e1b145".to_owned()]));
        assert_eq!(frames("", 21), Ok(vec![String::new()]));
    }

    #[test]
    fn refuses_what_no_frames_hold() {
        assert!(frames(&"x".repeat(10_000), 21).is_err());
        assert!(frames("x", 20).is_err());
    }
}
