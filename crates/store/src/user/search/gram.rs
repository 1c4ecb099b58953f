//! Texts as sets of short strings: a text can only contain another one that has no gram it lacks.

use std::collections::HashSet;

/// Documents of a segment.
pub const SEGMENT: usize = 8192;
/// Grams that cover a word; more would narrow a search no further.
const MOST: usize = 8;
const WORDS: usize = SEGMENT / 64;

/// Every one, two and three characters in a row. Three only of ASCII: of the other scripts two say enough. Of digits
/// four: three are in too many numbers.
pub fn of_text(text: &str, class: char, out: &mut HashSet<String>) {
    let chars: Vec<char> = text.chars().collect();
    for member in chars.split(|c| *c == '\u{1f}') {
        for length in 1..=4 {
            for window in member.windows(length).filter(|w| is_gram(w)) {
                out.insert(std::iter::once(class).chain(window.iter().copied()).collect());
            }
        }
    }
}

fn is_gram(chars: &[char]) -> bool {
    match chars.len() {
        1 | 2 => true,
        3 => chars.iter().all(char::is_ascii),
        4 => chars.iter().all(char::is_ascii_digit),
        _ => false,
    }
}

/// Grams that together cover a text, the longest there are, overlapping only at its end.
pub fn of_word(word: &str, class: char) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let (mut at, mut out) = (0, Vec::new());
    while at < chars.len() && out.len() < MOST {
        let left = chars.len() - at;
        // The longest that begins here, or that ends with the word.
        let found = (1..=4).rev().find_map(|length| {
            let from = if left >= length { at } else { chars.len().checked_sub(length)? };
            is_gram(chars.get(from..from + length)?).then_some((from, length))
        });
        let (from, length) = found.unwrap_or((at, 1));
        out.push(std::iter::once(class).chain(chars[from..from + length].iter().copied()).collect());
        at = from + length;
    }
    out.sort();
    out.dedup();
    out
}

/// The other grams of a word of ASCII: what has all that cover it may have them elsewhere.
pub fn more_of_word(word: &str, class: char) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let cover = of_word(word, class);
    let mut out: Vec<String> = Vec::new();
    for window in [4, 3].into_iter().flat_map(|length| chars.windows(length)).filter(|w| is_gram(w)) {
        let gram: String = std::iter::once(class).chain(window.iter().copied()).collect();
        if !cover.contains(&gram) && !out.contains(&gram) && out.len() < MOST {
            out.push(gram);
        }
    }
    out
}

/// Places in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Docs(Box<[u64; WORDS]>);

impl Docs {
    pub fn none() -> Docs {
        Docs(Box::new([0; WORDS]))
    }

    pub fn insert(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub fn and(mut self, others: &Docs) -> Docs {
        self.0.iter_mut().zip(others.0.iter()).for_each(|(a, b)| *a &= b);
        self
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn add(&mut self, others: &Docs) {
        self.0.iter_mut().zip(others.0.iter()).for_each(|(a, b)| *a |= b);
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(i, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let place = (left != 0).then(|| i * 64 + left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(place)
            })
        })
    }

    /// The places as distances in seven bits a byte (first byte 0), or as bits (first byte 1), whichever is shorter.
    pub fn encode(places: &[u16]) -> Vec<u8> {
        let mut out = vec![0];
        let mut next = 0;
        for place in places {
            let mut distance = place - next;
            while distance > 0x7f {
                out.push((distance & 0x7f) as u8 | 0x80);
                distance >>= 7;
            }
            out.push(distance as u8);
            next = place + 1;
        }
        let bits = 1 + places.last().map_or(0, |last| usize::from(last / 8) + 1);
        if out.len() <= bits {
            return out;
        }
        out = vec![0; bits];
        out[0] = 1;
        for place in places {
            out[1 + usize::from(place / 8)] |= 1 << (place % 8);
        }
        out
    }

    /// What [`Docs::encode`] wrote; places that cannot be are left out.
    pub fn decode(stored: &[u8]) -> Docs {
        let mut docs = Docs::none();
        match stored.split_first() {
            Some((1, bits)) => {
                for (word, bytes) in docs.0.iter_mut().zip(bits.chunks(8)) {
                    let mut eight = [0; 8];
                    eight[..bytes.len()].copy_from_slice(bytes);
                    *word = u64::from_le_bytes(eight);
                }
            }
            Some((_, distances)) => {
                let (mut next, mut distance, mut shift) = (0_usize, 0_usize, 0);
                for byte in distances {
                    distance |= usize::from(byte & 0x7f) << shift;
                    shift = (shift + 7) % 28;
                    if byte & 0x80 == 0 {
                        if next + distance < SEGMENT {
                            docs.insert(next + distance);
                        }
                        next += distance + 1;
                        (distance, shift) = (0, 0);
                    }
                }
            }
            None => {}
        }
        docs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(word: &str) -> Vec<String> {
        of_word(word, '0')
    }

    #[test]
    fn a_word_is_covered_by_its_longest_grams() {
        assert_eq!(words("a"), ["0a"]);
        assert_eq!(words("ab"), ["0ab"]);
        assert_eq!(words("abc"), ["0abc"]);
        assert_eq!(words("abcd"), ["0abc", "0bcd"]);
        assert_eq!(words("13800138000"), ["00138", "01380", "08000"]);
        assert_eq!(words("a1234"), ["01234", "0a12"]);
        assert_eq!(words("张"), ["0张"]);
        assert_eq!(words("张三"), ["0张三"]);
        assert_eq!(words("张三丰"), ["0三丰", "0张三"]);
        assert_eq!(words("a张"), ["0a张"]);
        assert_eq!(words("ab张三c"), ["0ab", "0三c", "0张三"]);
        assert_eq!(words(&"abcdefghijklmnopqrstuvwxyz".repeat(3)).len(), MOST);
        assert_eq!(more_of_word("abcdef", '0'), ["0bcd", "0cde"]);
        assert_eq!(more_of_word("aaaaaa", '0'), Vec::<String>::new());
    }

    #[test]
    fn whatever_a_text_contains_has_no_gram_that_the_text_lacks() {
        let text = "user-1@example.com\u{1f}北京 ada lovelace 王\u{1f}13800138000";
        let mut grams = HashSet::new();
        of_text(text, '0', &mut grams);
        for member in text.split('\u{1f}') {
            let chars: Vec<char> = member.chars().collect();
            for from in 0..chars.len() {
                for to in from + 1..=chars.len() {
                    let word: String = chars[from..to].iter().collect();
                    let mut all = of_word(&word, '0');
                    all.extend(more_of_word(&word, '0'));
                    assert!(all.iter().all(|g| grams.contains(g)), "{word}");
                }
            }
        }
        assert!(!grams.contains("0m北") && !grams.iter().any(|g| g.contains('\u{1f}')));
    }

    #[test]
    fn places_are_read_as_they_were_written_in_few_bytes() {
        let all: Vec<u16> = (0..SEGMENT as u16).collect();
        let few = vec![0, 1, 200, 8190, 8191];
        let every_ninth: Vec<u16> = all.iter().copied().step_by(9).collect();
        for places in [vec![], few, every_ninth, all] {
            let stored = Docs::encode(&places);
            assert!(stored.len() <= 1 + SEGMENT / 8 && stored.len() <= 2 * places.len() + 1, "{}", stored.len());
            let read: Vec<u16> = Docs::decode(&stored).iter().map(|n| n as u16).collect();
            assert_eq!(read, places);
        }
        for odd in [&[][..], &[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0xff], &[0, 0xff, 0xff, 0x7f, 1], &[1; 5000]] {
            Docs::decode(odd);
        }
    }
}
