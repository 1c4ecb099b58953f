//! The text form of a one-time-code secret: Base32 (RFC 4648 §6) as people and other systems write it.

use data_encoding::{BASE32_NOPAD, BitOrder, Encoding, Specification};
use std::sync::OnceLock;
use watchword_kit::{Entropy, Secret, Text, text};

/// The least length accepted where a pool sets nothing else. RFC 4226 R6 wants 128; many imported secrets have 80.
pub const DEFAULT_MIN_BITS: u32 = 80;

/// Below this many bits a secret is accepted but marked weak (RFC 4226 R6).
pub const STRONG_BITS: u32 = 128;

const MAX_BYTES: usize = 64;
const GENERATED_BYTES: usize = 20;

/// A secret that passed [`parse_secret`], or a fresh one.
#[derive(Clone, Debug)]
pub struct OtpSecret {
    /// What the codes are computed from. Two texts that differ in unused bits of the last character give the same
    /// bytes: compare these, not [`canonical`](Self::canonical).
    pub bytes: Secret<Vec<u8>>,
    /// The text as given, in upper case, without separators and padding.
    pub canonical: Secret<String>,
    /// 80 to 127 bits.
    pub weak: bool,
}

/// Why a text is not a secret. Positions count characters from 1; nothing here repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    Empty,
    /// A whole `otpauth://` address.
    Address,
    Character {
        position: usize,
    },
    Padding,
    Length {
        characters: usize,
    },
    TooShort {
        bits: u32,
        least: u32,
    },
    TooLong,
    AllEqual,
}

impl SecretProblem {
    /// What is wrong and what would be right.
    pub fn text(&self) -> Text {
        match *self {
            SecretProblem::Empty => text!(
                "the secret is empty; give it as Base32, for example 32 characters of A-Z and 2-7",
                "密钥为空；请使用 Base32 格式，例如 32 个 A-Z 和 2-7 字符"
            ),
            SecretProblem::Address => text!(
                "this is an otpauth address; give only the value of its secret parameter",
                "这是 otpauth 地址；请只填写其中 secret 参数的值"
            ),
            SecretProblem::Character { position } => text!(
                "character {position} is not Base32; only A-Z and 2-7 are, with spaces and hyphens between groups",
                "第 {position} 个字符不是 Base32；只能使用 A-Z 和 2-7，可用空格和连字符分组"
            ),
            SecretProblem::Padding => text!(
                "the padding is wrong; leave the = signs out, or pad the end to a multiple of 8 characters",
                "填充不正确；请去掉等号，或在末尾用等号补足为 8 的倍数"
            ),
            SecretProblem::Length { characters } => text!(
                "{characters} characters are not a possible Base32 length; one is probably missing",
                "{characters} 个字符不是有效的 Base32 长度；可能缺少字符"
            ),
            SecretProblem::TooShort { bits, least } => text!(
                "the secret has {bits} bits; at least {least} are needed",
                "密钥只有 {bits} 位；至少需要 {least} 位"
            ),
            SecretProblem::TooLong => {
                text!("the secret is longer than {MAX_BYTES} bytes", "密钥超过 {MAX_BYTES} 字节")
            }
            SecretProblem::AllEqual => {
                text!("all bytes of the secret are equal; give a random one", "密钥的所有字节都相同；请使用随机密钥")
            }
        }
    }
}

/// Reads a secret: any case, ASCII spaces and hyphens between groups, with or without correct padding.
///
/// `min_bits` is the pool's least length; less than 80 is never accepted, nor more than 64 bytes.
pub fn parse_secret(text: &str, min_bits: u32) -> Result<OtpSecret, SecretProblem> {
    let (letters, padding) = split(text)?;
    let letters = Secret::new(letters);
    let count = letters.reveal().len();
    if count == 0 {
        return Err(if padding == 0 { SecretProblem::Empty } else { SecretProblem::Padding });
    }
    if padding > 0 && (padding >= 8 || (count + padding) % 8 != 0) {
        return Err(SecretProblem::Padding);
    }
    if matches!(count % 8, 1 | 3 | 6) {
        return Err(SecretProblem::Length { characters: count });
    }
    if count * 5 / 8 > MAX_BYTES {
        return Err(SecretProblem::TooLong);
    }
    let decoded = lenient().decode(letters.reveal().as_bytes()).map_err(|e| SecretProblem::Character {
        position: e.position + 1, // unreachable: every character was checked
    })?;
    admit(Secret::new(decoded), letters, min_bits.max(DEFAULT_MIN_BITS))
}

/// A fresh secret of 160 bits (RFC 4226 R6): 20 bytes, 32 characters.
pub fn generate(entropy: &Entropy) -> OtpSecret {
    let bytes = entropy.bytes::<GENERATED_BYTES>().to_vec();
    let canonical = Secret::new(BASE32_NOPAD.encode(&bytes));
    OtpSecret { bytes: Secret::new(bytes), canonical, weak: false }
}

fn admit(bytes: Secret<Vec<u8>>, canonical: Secret<String>, least: u32) -> Result<OtpSecret, SecretProblem> {
    let raw = bytes.reveal();
    let bits = u32::try_from(raw.len() * 8).unwrap_or(u32::MAX);
    if bits < least {
        return Err(SecretProblem::TooShort { bits, least });
    }
    if raw.iter().all(|b| *b == raw[0]) {
        return Err(SecretProblem::AllEqual);
    }
    let weak = bits < STRONG_BITS;
    Ok(OtpSecret { bytes, canonical, weak })
}

/// The letters in upper case without separators, and the number of `=` signs, all of which end the text.
fn split(text: &str) -> Result<(String, usize), SecretProblem> {
    if text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("otpauth://")) {
        return Err(SecretProblem::Address);
    }
    let mut letters = String::with_capacity(text.len().min(256));
    let mut padding = 0;
    for (i, c) in text.chars().enumerate() {
        match c {
            ' ' | '-' => {}
            '=' => padding += 1,
            _ if padding > 0 => return Err(SecretProblem::Padding),
            'A'..='Z' | 'a'..='z' | '2'..='7' => letters.push(c.to_ascii_uppercase()),
            _ => return Err(SecretProblem::Character { position: i + 1 }),
        }
        if letters.len() > 128 {
            return Err(SecretProblem::TooLong);
        }
    }
    Ok((letters, padding))
}

/// Base32 without padding that ignores spare bits: some generators draw characters, not bytes.
fn lenient() -> &'static Encoding {
    static LENIENT: OnceLock<Encoding> = OnceLock::new();
    LENIENT.get_or_init(|| {
        let mut spec = Specification::new();
        spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        spec.bit_order = BitOrder::MostSignificantFirst;
        spec.check_trailing_bits = false;
        spec.encoding().expect("32 distinct ASCII symbols make an encoding")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    enum Want {
        /// Accepted: canonical text, number of bytes, weak.
        Ok(String, usize, bool),
        Err(SecretProblem),
    }
    use SecretProblem::*;
    use Want::*;

    fn table() -> Vec<(String, u32, Want)> {
        let bad = |position| Err(Character { position });
        let short = |bits, least| Err(TooShort { bits, least });
        let len = |characters| Err(Length { characters });
        let ok = |canonical: &str, bytes, weak| Want::Ok(canonical.to_owned(), bytes, weak);
        let longest = format!("{}GEZDGNA", "GEZDGNBV".repeat(12));
        let rows: Vec<(String, u32, Want)> = vec![
            // Plain, every possible length modulo 8.
            (GOOD.into(), 80, ok(GOOD, 20, false)),
            ("HZEFM2ZYMJFX24BH".into(), 80, ok("HZEFM2ZYMJFX24BH", 10, true)),
            ("HZEFM2ZYMJFX24BHA".into(), 80, len(17)),
            ("HZEFM2ZYMJFX24BHAA".into(), 80, ok("HZEFM2ZYMJFX24BHAA", 11, true)),
            ("HZEFM2ZYMJFX24BHAAA".into(), 80, len(19)),
            ("HZEFM2ZYMJFX24BHAAAA".into(), 80, ok("HZEFM2ZYMJFX24BHAAAA", 12, true)),
            ("HZEFM2ZYMJFX24BHAAAAA".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAA", 13, true)),
            ("HZEFM2ZYMJFX24BHAAAAAA".into(), 80, len(22)),
            ("HZEFM2ZYMJFX24BHAAAAAAA".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAAAA", 14, true)),
            ("HZEFM2ZYMJFX24BHAAAAAAAA".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAAAAA", 15, true)),
            // The border of weakness: 25 characters are no length, 26 are 16 bytes.
            ("HZEFM2ZYMJFX24BHAAAAAAAAA".into(), 80, len(25)),
            ("HZEFM2ZYMJFX24BHAAAAAAAAAA".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAAAAAAA", 16, false)),
            // Case.
            (GOOD.to_lowercase(), 80, ok(GOOD, 20, false)),
            ("hZeFm2ZyMjFx24bH".into(), 80, ok("HZEFM2ZYMJFX24BH", 10, true)),
            // Separators.
            ("HZEF M2ZY MJFX 24BH".into(), 80, ok("HZEFM2ZYMJFX24BH", 10, true)),
            ("HZEF-M2ZY-MJFX-24BH".into(), 80, ok("HZEFM2ZYMJFX24BH", 10, true)),
            (" hzef m2zy-mjfx  24bh- ".into(), 80, ok("HZEFM2ZYMJFX24BH", 10, true)),
            ("HZEFM2ZY\tMJFX24BH".into(), 80, bad(9)),
            ("HZEFM2ZYMJFX24BH\n".into(), 80, bad(17)),
            ("HZEFM2ZY_MJFX24BH".into(), 80, bad(9)),
            // Padding: all four correct amounts, then every wrong one.
            ("HZEFM2ZYMJFX24BHAA======".into(), 80, ok("HZEFM2ZYMJFX24BHAA", 11, true)),
            ("HZEFM2ZYMJFX24BHAAAA====".into(), 80, ok("HZEFM2ZYMJFX24BHAAAA", 12, true)),
            ("HZEFM2ZYMJFX24BHAAAAA===".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAA", 13, true)),
            ("HZEFM2ZYMJFX24BHAAAAAAA=".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAAAA", 14, true)),
            ("HZEF M2ZY MJFX 24BH AA== ====".into(), 80, ok("HZEFM2ZYMJFX24BHAA", 11, true)),
            ("HZEFM2ZYMJFX24BH=".into(), 80, Err(Padding)),
            ("HZEFM2ZYMJFX24BH========".into(), 80, Err(Padding)),
            ("HZEFM2ZYMJFX24BHAA=====".into(), 80, Err(Padding)),
            ("HZEFM2ZYMJFX24BHAA=======".into(), 80, Err(Padding)),
            ("HZEFM2ZYMJFX24BHAA==============".into(), 80, Err(Padding)),
            ("HZEFM2ZY=MJFX24BH".into(), 80, Err(Padding)),
            ("=HZEFM2ZYMJFX24BH".into(), 80, Err(Padding)),
            ("========".into(), 80, Err(Padding)),
            ("HZEFM2ZYMJFX24BHA=======".into(), 80, len(17)),
            // Characters outside the alphabet.
            ("0ZEFM2ZYMJFX24BH".into(), 80, bad(1)),
            ("H1EFM2ZYMJFX24BH".into(), 80, bad(2)),
            ("HZ8FM2ZYMJFX24BH".into(), 80, bad(3)),
            ("HZE9M2ZYMJFX24BH".into(), 80, bad(4)),
            ("HZEF+2ZYMJFX24BH".into(), 80, bad(5)),
            ("HZEFM/ZYMJFX24BH".into(), 80, bad(6)),
            ("HZEFM2ZYMJFX24B\0".into(), 80, bad(16)),
            ("HZEF\u{a0}M2ZYMJFX24BH".into(), 80, bad(5)),
            ("HZEF\u{200b}M2ZYMJFX24BH".into(), 80, bad(5)),
            ("\u{feff}HZEFM2ZYMJFX24BH".into(), 80, bad(1)),
            ("ＨZEFM2ZYMJFX24BH".into(), 80, bad(1)),
            ("HZEFM２ZYMJFX24BH".into(), 80, bad(6)),
            ("HZЕFM2ZYMJFX24BH".into(), 80, bad(3)),
            ("HZEFM2ZYMJFX24Bı".into(), 80, bad(16)),
            ("HZEFM2ZYMJFX24Bſ".into(), 80, bad(16)),
            ("HZEF\u{2010}M2ZYMJFX24BH".into(), 80, bad(5)),
            // Spare bits that are not zero.
            ("HZEFM2ZYMJFX24BHAB".into(), 80, ok("HZEFM2ZYMJFX24BHAB", 11, true)),
            ("HZEFM2ZYMJFX24BHAAAAAAAAA7".into(), 80, ok("HZEFM2ZYMJFX24BHAAAAAAAAA7", 16, false)),
            // Length in bits.
            ("".into(), 80, Err(Empty)),
            (" - ".into(), 80, Err(Empty)),
            ("GEZDGNBV".into(), 80, short(40, 80)),
            ("HZEFM2ZYMJFX24B".into(), 80, short(72, 80)),
            ("HZEFM2ZYMJFX2".into(), 8, short(64, 80)),
            ("HZEFM2ZYMJFX24BH".into(), 128, short(80, 128)),
            ("HZEFM2ZYMJFX24BHAAAAAAAA".into(), 128, short(120, 128)),
            ("HZEFM2ZYMJFX24BHAAAAAAAAAA".into(), 128, ok("HZEFM2ZYMJFX24BHAAAAAAAAAA", 16, false)),
            (format!("{}GEZDGN", "GEZDGNBV".repeat(12)), 80, len(102)),
            (longest.clone(), 80, ok(&longest, 64, false)),
            (format!("{}GEZDGNBV", "GEZDGNBV".repeat(12)), 80, Err(TooLong)),
            ("GEZDGNBV".repeat(16), 80, Err(TooLong)),
            ("GEZDGNBV".repeat(5000), 80, Err(TooLong)),
            // Not random at all.
            ("A".repeat(32), 80, Err(AllEqual)),
            ("7".repeat(16), 80, Err(AllEqual)),
            ("AEBAGBAF".repeat(4), 80, ok("AEBAGBAFAEBAGBAFAEBAGBAFAEBAGBAF", 20, false)),
            // An address in the place of a secret.
            ("otpauth://totp/a:b?secret=HZEFM2ZYMJFX24BH".into(), 80, Err(Address)),
            ("OTPAUTH://totp/a".into(), 80, Err(Address)),
        ];
        rows
    }

    #[test]
    fn every_row_of_the_table_holds() {
        let rows = table();
        assert!(rows.len() >= 60, "{} rows", rows.len());
        for (input, min_bits, want) in rows {
            match (parse_secret(&input, min_bits), want) {
                (Result::Ok(got), Want::Ok(canonical, bytes, weak)) => {
                    assert_eq!(got.canonical.reveal(), &canonical, "{input:?}");
                    assert_eq!((got.bytes.reveal().len(), got.weak), (bytes, weak), "{input:?}");
                }
                (Result::Err(got), Want::Err(problem)) => assert_eq!(got, problem, "{input:?}"),
                (got, _) => panic!("{input:?} gave {got:?}"),
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_rfc_4648() {
        let secret = parse_secret(GOOD, 80).expect("good");
        assert_eq!(secret.bytes.reveal(), b"12345678901234567890");
    }

    #[test]
    fn spare_bits_change_the_text_but_not_the_secret() {
        let clean = parse_secret("HZEFM2ZYMJFX24BHAAAAAAAAAA", 80).expect("good");
        let spare = parse_secret("HZEFM2ZYMJFX24BHAAAAAAAAAB", 80).expect("good");
        assert_eq!(clean.bytes, spare.bytes);
        assert_ne!(clean.canonical, spare.canonical);
    }

    #[test]
    fn a_fresh_secret_has_160_bits_and_reads_back() {
        let fresh = generate(&Entropy);
        assert_eq!(fresh.canonical.reveal().len(), 32);
        let read = parse_secret(fresh.canonical.reveal(), 160).expect("our own secret is good");
        assert_eq!((read.bytes.clone(), read.weak), (fresh.bytes.clone(), false));
        assert_ne!(generate(&Entropy).bytes, fresh.bytes);
    }

    #[test]
    fn no_problem_repeats_the_secret_and_none_shows_it_in_debug() {
        for (input, min_bits, _) in table() {
            if let Result::Err(problem) = parse_secret(&input, min_bits) {
                let said = problem.text();
                assert!(!said.en.is_empty() && !said.zh.is_empty());
                let leaks = |s: &str| input.len() >= 8 && (s.contains(&input) || s.contains(&input[..input.len() / 2]));
                if input.is_ascii() {
                    assert!(!leaks(&said.en) && !leaks(&said.zh), "{input:?}");
                }
            }
        }
        let shown = format!("{:?}", parse_secret(GOOD, 80));
        assert!(!shown.contains("GEZD"), "{shown}");
    }
}
