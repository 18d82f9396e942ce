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

#[cfg(test)]
mod tests {
    use super::*;

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
