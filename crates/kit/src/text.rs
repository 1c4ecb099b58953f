//! What a person reads, in the two languages of the product.

use std::borrow::Cow;

/// The language of a reply: `x-authing-lang` first, then `Accept-Language`, English otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    /// Reads one language tag (`zh-CN`, `en-US;q=0.8`). Only its primary part counts.
    pub fn from_tag(tag: &str) -> Option<Lang> {
        let primary = tag.trim().split(['-', '_', ';']).next()?.trim();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Lang::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Lang::En)
        } else {
            None
        }
    }

    /// Reads `Accept-Language` (RFC 9110 §12.5.4): the known language with the greatest weight.
    pub fn from_accept(header: &str) -> Option<Lang> {
        let mut best: Option<(f32, Lang)> = None;
        for part in header.split(',').take(16) {
            let Some(lang) = Lang::from_tag(part) else { continue };
            let weight = part.split(";q=").nth(1).and_then(|q| q.trim().parse().ok()).unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(w, _)| weight > w) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }
}

/// One sentence in English and Simplified Chinese. Made by [`text!`](crate::text!).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub en: Cow<'static, str>,
    pub zh: Cow<'static, str>,
}

impl Text {
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

/// `text!("at most {max} items", "最多 {max} 项")`: both languages side by side, with captured arguments.
#[macro_export]
macro_rules! text {
    ($en:literal, $zh:literal) => {
        $crate::Text { en: ::std::borrow::Cow::Owned(format!($en)), zh: ::std::borrow::Cow::Owned(format!($zh)) }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        assert_eq!(Lang::from_accept("fr, en;q=0.5, zh-CN;q=0.9"), Some(Lang::Zh));
        assert_eq!(Lang::from_accept("fr"), None);
        assert_eq!(Lang::from_tag("zh_TW"), Some(Lang::Zh));
    }

    #[test]
    fn both_languages_take_the_same_argument() {
        let max = 3;
        let t = text!("at most {max}", "最多 {max}");
        assert_eq!((t.get(Lang::En), t.get(Lang::Zh)), ("at most 3", "最多 3"));
    }
}
