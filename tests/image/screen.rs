//! What stands on the machine's screen: the pixels of a screen dump, read by the glyphs of the kernel's own font.
//!
//! The font is taken out of the image's kernel at run time, and that of VGA text mode out of the firmware. UEFI and GRUB
//! draw a few glyphs otherwise, so the nearest glyph is meant.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use claviger::render::cp437;

/// Rows of pixels of a glyph; it is 8 wide.
const HEIGHT: usize = 16;
/// The glyph of code 01; that of code 00 before it is empty: there the font begins.
const FACE: [u8; HEIGHT] = [0, 0, 0x7e, 0x81, 0xa5, 0x81, 0x81, 0xbd, 0x99, 0x81, 0x81, 0x7e, 0, 0, 0, 0];
/// How a Zstandard frame begins (RFC 8878, 3.1.1).
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

type Glyph = [u8; HEIGHT];

/// The 8x16 font of code page 437.
pub struct Font {
    glyphs: Vec<Glyph>,
    known: HashMap<Glyph, u8>,
}

impl Font {
    /// The font of a kernel (`vmlinuz`, compressed with Zstandard).
    pub fn of_kernel(path: &Path) -> Arc<Self> {
        static FONT: OnceLock<Arc<Font>> = OnceLock::new();
        Arc::clone(FONT.get_or_init(|| Arc::new(Self::find(&unpacked(path)))))
    }

    /// The font of VGA text mode (SeaVGABIOS, which QEMU comes with).
    pub fn of_firmware() -> Arc<Self> {
        static FONT: OnceLock<Arc<Font>> = OnceLock::new();
        let path = "/usr/share/seabios/vgabios-stdvga.bin";
        Arc::clone(FONT.get_or_init(|| Arc::new(Self::find(&fs::read(path).expect("SeaVGABIOS (package seabios)")))))
    }

    fn find(octets: &[u8]) -> Self {
        let start = [[0; HEIGHT], FACE].concat();
        // Most of a kernel has no octet in common with the face.
        let faces = octets.windows(start.len()).enumerate().filter(|(_, window)| window[18] == 0x7e);
        let (place, _) = faces.into_iter().find(|(_, window)| *window == start).expect("an 8x16 font");
        let octets = &octets[place..place + 256 * HEIGHT];
        let glyphs: Vec<Glyph> = octets.chunks_exact(HEIGHT).map(|glyph| glyph.try_into().unwrap()).collect();
        // Of glyphs that look alike, as the empty ones, printable ASCII is meant.
        let order = (0..=255_u8).rev().filter(|code| !(0x20..0x7f).contains(code)).chain(0x20..0x7f);
        let known = order.map(|code| (glyphs[usize::from(code)], code)).collect();
        Self { glyphs, known }
    }

    /// The code whose glyph is nearest, and in how many pixels it differs.
    fn nearest(&self, found: &Glyph) -> (u8, u32) {
        if let Some(code) = self.known.get(found) {
            return (*code, 0);
        }
        let differ = |glyph: &Glyph| glyph.iter().zip(found).map(|(a, b)| (a ^ b).count_ones()).sum();
        let all = (0..=255_u8).map(|code| (code, differ(&self.glyphs[usize::from(code)])));
        all.min_by_key(|(_, pixels)| *pixels).unwrap()
    }

    /// The text of a screen dump, a row a line, blanks at the ends left out; rows that look as in the last dump are not
    /// read again.
    pub fn read(&self, dump: &Dump, last: Option<(&Dump, &[String])>) -> Vec<String> {
        let cell = dump.cell_width();
        let line = |row: usize| {
            if let Some((_, rows)) =
                last.filter(|(old, _)| old.width == dump.width && old.stripe(row) == dump.stripe(row))
            {
                return rows[row].clone();
            }
            let text: String =
                (0..dump.width / cell).map(|column| self.sign(dump, column * cell, row * HEIGHT)).collect();
            text.trim_end().to_owned()
        };
        (0..dump.height / HEIGHT).map(line).collect()
    }

    /// The character of the cell whose upper left pixel this is: of both ways to see it the better one, and where both
    /// are as good, light on dark.
    fn sign(&self, dump: &Dump, x: usize, y: usize) -> char {
        if dump.is_plain(x, y) {
            return ' ';
        }
        let paper = dump.darkest(x, y);
        let mut glyph: Glyph = [0; HEIGHT];
        for (row, bits) in glyph.iter_mut().enumerate() {
            for column in 0..8 {
                *bits = *bits << 1 | u8::from(dump.pixel(x + column, y + row) != paper);
            }
        }
        let (light, dark) = (self.nearest(&glyph), self.nearest(&glyph.map(|bits| !bits)));
        cp437(if dark.1 < light.1 { dark.0 } else { light.0 })
    }
}

/// The kernel itself: behind the code that unpacks it, and with more behind it, at which `zstd` is put off.
fn unpacked(path: &Path) -> Vec<u8> {
    let octets = fs::read(path).expect("the image's kernel");
    let place = octets.windows(4).position(|window| window == FRAME).expect("a kernel compressed with Zstandard");
    let mut command = Command::new("zstd");
    command.arg("-dcq").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut zstd = command.spawn().expect("zstd (tests/setup installs it)");
    let mut input = zstd.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = input.write_all(&octets[place..]); // it takes no more than one frame
        });
        zstd.wait_with_output().unwrap().stdout
    })
}

/// A screen dump.
pub struct Dump {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    octets: Vec<u8>,
}

impl Dump {
    /// Reads a portable pixmap (P6, 8 bits); none while QEMU has not written all of it.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let mut words = octets.split(|octet| octet.is_ascii_whitespace());
        let mut header = 0;
        let mut next = || {
            let word = words.next()?;
            header += word.len() + 1;
            std::str::from_utf8(word).ok()
        };
        assert_eq!(next()?, "P6");
        let (width, height) = (next()?.parse().ok()?, next()?.parse().ok()?);
        assert_eq!(next()?, "255");
        let octets = octets.get(header..)?.to_vec();
        (octets.len() == 3 * width * height).then_some(Self { width, height, octets })
    }

    /// The pixels of a row of text.
    fn stripe(&self, row: usize) -> Option<&[u8]> {
        let length = 3 * self.width * HEIGHT;
        self.octets.get(row * length..(row + 1) * length)
    }

    /// Red, green, blue.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let place = 3 * (y * self.width + x);
        self.octets[place..place + 3].try_into().unwrap()
    }

    /// Brightness, 0 to 255.
    pub fn grey(&self, x: usize, y: usize) -> u8 {
        let sum: u16 = self.pixel(x, y).into_iter().map(u16::from).sum();
        u8::try_from(sum / 3).unwrap()
    }

    /// Whether this is VGA text mode, 80 columns of 9 pixels.
    pub fn is_text_mode(&self) -> bool {
        (self.width, self.height) == (720, 400)
    }

    fn cell_width(&self) -> usize {
        if self.is_text_mode() { 9 } else { 8 }
    }

    /// Whether a cell has one colour alone, as most have.
    fn is_plain(&self, x: usize, y: usize) -> bool {
        let row = |row: usize| {
            let place = 3 * ((y + row) * self.width + x);
            &self.octets[place..place + 24]
        };
        let first = row(0);
        first[..21] == first[3..] && (1..HEIGHT).all(|number| row(number) == first)
    }

    fn darkest(&self, x: usize, y: usize) -> [u8; 3] {
        let pixels = (0..HEIGHT).flat_map(|row| (0..8).map(move |column| (x + column, y + row)));
        let (x, y) = pixels.min_by_key(|(x, y)| self.grey(*x, *y)).unwrap();
        self.pixel(x, y)
    }
}
