//! The one form in which identifiers are compared.

use unicode_normalization::UnicodeNormalization;

/// NFKC, lower case, outer white space removed: `Ａｄｍｉｎ ` and `admin` are one name.
///
/// Applied twice because lower-casing can undo normalisation (`İ`).
pub fn fold(s: &str) -> String {
    let once: String = s.trim().nfkc().collect::<String>().to_lowercase();
    once.nfkc().collect::<String>().to_lowercase()
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
        assert_eq!(fold("STRASSE"), "strasse");
        assert_eq!(fold(&fold("İ")), fold("İ"));
    }

    #[test]
    fn invisible_and_bidirectional_characters_are_not_plain() {
        assert!("ada lovelace 王".chars().all(is_plain));
        assert!(!is_plain('\u{202e}') && !is_plain('\u{200b}') && !is_plain('\n') && !is_plain('\0'));
    }
}
