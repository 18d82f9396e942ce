//! The glyphs that a Linux console has without loading a font.

/// The upper half of code page 437, 80 to ff.
const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The pictures that the code page has in place of control characters: 01 to 1f, and 7f.
const PICTURES: &str = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼⌂";

/// Whether code page 437, the kernel's own console font, has a glyph for this character; a control character has none.
#[must_use]
pub fn is_cp437(sign: char) -> bool {
    matches!(sign, ' '..='~') || UPPER.contains(sign) || PICTURES.contains(sign)
}

/// The character that a glyph of code page 437 shows; 00 is as empty as a blank.
#[must_use]
pub fn cp437(code: u8) -> char {
    let code = usize::from(code);
    let found = match code {
        0x00 => None,
        0x01..0x20 => PICTURES.chars().nth(code - 1),
        0x20..0x7f => char::from_u32(u32::try_from(code).unwrap_or_default()),
        0x7f => PICTURES.chars().last(),
        _ => UPPER.chars().nth(code - 0x80),
    };
    found.unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_has_its_own_character_in_the_order_of_the_code_page() {
        let all: std::collections::BTreeSet<char> = (1..=255).map(cp437).collect();
        assert!(all.len() == 255 && all.into_iter().all(is_cp437));
        assert_eq!(
            [0x00, 0x1e, 0x41, 0x7f, 0x80, 0xc4, 0xdb, 0xe1].map(cp437),
            [' ', '▲', 'A', '⌂', 'Ç', '─', '█', 'ß']
        );
    }

    #[test]
    fn has_256_glyphs_less_the_empty_one() {
        let all = (' '..='~').chain(UPPER.chars()).chain(PICTURES.chars());
        assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), 255);
        assert_eq!(('\0'..=char::MAX).filter(|sign| is_cp437(*sign)).count(), 255);
    }

    #[test]
    fn knows_blocks_and_frames_but_no_control_or_braille() {
        assert!("▀▄█░│─┌┘═║►√".chars().all(is_cp437));
        assert!("\u{0}\u{1b}\n\u{7f}…–“✓⠿╭▁".chars().all(|sign| !is_cp437(sign)));
    }
}
