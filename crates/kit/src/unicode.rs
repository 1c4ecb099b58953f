//! The one form in which identifiers are compared.

use unicode_normalization::UnicodeNormalization;

/// NFKC, without case, outer white space removed: `Ａｄｍｉｎ ` and `admin`, `Straße` and `STRASSE` are one name.
///
/// Upper case comes first: it joins what lower case alone keeps apart (`ß` and `ss`, `ς` and `σ`). Applied twice
/// because changing case can undo normalisation (`İ`).
pub fn fold(s: &str) -> String {
    caseless(&caseless(s.trim()))
}

fn caseless(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    s.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect()
}

/// Whether a name may hold this character: no controls, no bidirectional or invisible formatting.
pub fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_case_fold_together() {
        assert_eq!(fold(" Ａｄｍｉｎ"), "admin");
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        for odd in ["İ", "ﬁ", "ŉ", "ǰ", "ΐ", "ẞ", "ᾳ", "ͅ", "Å", "ﬀ", "Ⅷ", "ϔ"] {
            assert_eq!(fold(&fold(odd)), fold(odd), "{odd}");
        }
    }

    #[test]
    fn invisible_and_bidirectional_characters_are_not_plain() {
        assert!("ada lovelace 王".chars().all(is_plain));
        assert!(!is_plain('\u{202e}') && !is_plain('\u{200b}') && !is_plain('\n') && !is_plain('\0'));
    }
}
