//! One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238).
//!
//! Single use is the caller's to keep: it stores the step that [`match_totp`] returns and passes it as `after_step`
//! next time. Codes are compared as numbers, all candidates in the same time whichever matches.

use hmac::{Hmac, KeyInit, Mac};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use watchword_kit::Millis;

/// The widest window either side of the expected step. RFC 6238 §5.2 recommends one step; nothing widens past it.
pub const MAX_WINDOW: i64 = 1;

/// The farthest a counter may run ahead of the server's (RFC 4226 §7.4).
pub const MAX_LOOK_AHEAD: u64 = 100;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    #[default]
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// The name in an `otpauth://` address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        }
    }

    /// Reads the name in any case, with or without a hyphen (`SHA1`, `sha-256`).
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "SHA1" | "SHA-1" => Some(Algorithm::Sha1),
            "SHA256" | "SHA-256" => Some(Algorithm::Sha256),
            "SHA512" | "SHA-512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }
}

/// How codes are made from a secret. Values out of range are taken as the nearest in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    pub algorithm: Algorithm,
    /// 6 to 8 (RFC 4226 §5.3).
    pub digits: u8,
    /// Length of a step in seconds, at least 1.
    pub period: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { algorithm: Algorithm::Sha1, digits: 6, period: 30 }
    }
}

/// The code for a counter (RFC 4226 §5.3), leading zeros kept.
pub fn hotp(secret: &[u8], counter: u64, params: &Params) -> String {
    show(Coder::new(secret, params).number(counter), params)
}

/// The number of whole periods since the epoch (RFC 6238 §4.2).
pub fn step_at(now: Millis, period: u32) -> i64 {
    now.as_seconds().div_euclid(i64::from(period.max(1)))
}

/// The code of a step. A step before the epoch counts as step 0.
pub fn totp_at(secret: &[u8], step: i64, params: &Params) -> String {
    hotp(secret, u64::try_from(step).unwrap_or(0), params)
}

/// The step whose code this is, out of `T + drift_steps ± window`, if it is greater than `after_step`.
///
/// `window` is held within 0..=[`MAX_WINDOW`]. When two steps share the code the later one is returned, so that
/// accepting it spends both.
pub fn match_totp(
    secret: &[u8],
    code: &str,
    now: Millis,
    params: &Params,
    drift_steps: i64,
    window: i64,
    after_step: i64,
) -> Option<i64> {
    let given = read(code, params)?;
    let coder = Coder::new(secret, params);
    let window = window.clamp(0, MAX_WINDOW);
    let centre = step_at(now, params.period).saturating_add(drift_steps);
    let mut found = Choice::from(0);
    let mut matched = 0i64;
    for step in centre.saturating_sub(window)..=centre.saturating_add(window) {
        let number = coder.number(u64::try_from(step).unwrap_or(0));
        let fresh = Choice::from(u8::from(step > after_step && step >= 0));
        let hit = number.ct_eq(&given) & fresh;
        matched = i64::conditional_select(&matched, &step, hit);
        found |= hit;
    }
    bool::from(found).then_some(matched)
}

/// The counter whose code this is, out of `counter..=counter + look_ahead` (RFC 4226 §7.4).
///
/// The caller stores the returned counter plus one. `look_ahead` is held within 0..=[`MAX_LOOK_AHEAD`].
pub fn match_hotp(secret: &[u8], code: &str, counter: u64, look_ahead: u64, params: &Params) -> Option<u64> {
    let given = read(code, params)?;
    let coder = Coder::new(secret, params);
    let mut found = Choice::from(0);
    let mut matched = 0u64;
    for candidate in counter..=counter.saturating_add(look_ahead.min(MAX_LOOK_AHEAD)) {
        let hit = coder.number(candidate).ct_eq(&given);
        matched = u64::conditional_select(&matched, &candidate, hit);
        found |= hit;
    }
    bool::from(found).then_some(matched)
}

/// Whether the text is exactly `digits` ASCII digits. No other spelling of a code is ever accepted.
pub fn is_code(code: &str, digits: u8) -> bool {
    code.len() == usize::from(digits) && code.bytes().all(|b| b.is_ascii_digit())
}

fn digits(params: &Params) -> u8 {
    params.digits.clamp(6, 8)
}

fn read(code: &str, params: &Params) -> Option<u32> {
    if !is_code(code, digits(params)) {
        return None;
    }
    code.parse().ok()
}

fn show(number: u32, params: &Params) -> String {
    format!("{number:0width$}", width = usize::from(digits(params)))
}

/// A keyed HMAC, prepared once for all candidates.
struct Coder {
    keyed: Keyed,
    modulus: u32,
}

enum Keyed {
    Sha1(Hmac<sha1::Sha1>),
    Sha256(Hmac<sha2::Sha256>),
    Sha512(Hmac<sha2::Sha512>),
}

impl Coder {
    fn new(secret: &[u8], params: &Params) -> Self {
        const ANY: &str = "HMAC takes a key of any length";
        let keyed = match params.algorithm {
            Algorithm::Sha1 => Keyed::Sha1(Hmac::new_from_slice(secret).expect(ANY)),
            Algorithm::Sha256 => Keyed::Sha256(Hmac::new_from_slice(secret).expect(ANY)),
            Algorithm::Sha512 => Keyed::Sha512(Hmac::new_from_slice(secret).expect(ANY)),
        };
        Coder { keyed, modulus: 10u32.pow(u32::from(digits(params))) }
    }

    fn number(&self, counter: u64) -> u32 {
        #[cfg(test)]
        tests::COMPUTED.set(tests::COMPUTED.get() + 1);
        let counter = counter.to_be_bytes();
        let truncated = match &self.keyed {
            Keyed::Sha1(m) => truncate(&m.clone().chain_update(counter).finalize().into_bytes()),
            Keyed::Sha256(m) => truncate(&m.clone().chain_update(counter).finalize().into_bytes()),
            Keyed::Sha512(m) => truncate(&m.clone().chain_update(counter).finalize().into_bytes()),
        };
        truncated % self.modulus
    }
}

/// Dynamic truncation (RFC 4226 §5.3). Every digest here has 20 bytes or more, so the offset is always inside.
fn truncate(digest: &[u8]) -> u32 {
    let offset = usize::from(digest[digest.len() - 1] & 0x0f);
    let word = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
    u32::from_be_bytes(word)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const SEED: &[u8] = b"12345678901234567890";
    const SEED_32: &[u8] = b"12345678901234567890123456789012";
    const SEED_64: &[u8] = b"1234567890123456789012345678901234567890123456789012345678901234";
    const NONE: i64 = i64::MIN;

    thread_local! {
        /// Codes computed by this thread.
        pub(super) static COMPUTED: Cell<u32> = const { Cell::new(0) };
    }

    /// In place of a stopwatch: what takes time is computed as often whatever the code, and compared in constant time.
    #[test]
    fn a_right_a_replayed_a_late_and_a_wrong_code_cost_the_same() {
        let (params, now) = (Params::default(), at(1_767_225_600));
        let step = step_at(now, params.period);
        let computed = |judge: &dyn Fn() -> bool| {
            let before = COMPUTED.get();
            let right = judge();
            (right, COMPUTED.get() - before)
        };
        let of = |step: i64| totp_at(SEED, step, &params);
        let cases = [
            ("right", of(step), NONE, true),
            ("right at the edge", of(step + 1), NONE, true),
            ("replayed", of(step), step, false),
            ("of the future", of(step + 2), NONE, false),
            ("of the past", of(step - 9), NONE, false),
            ("wrong", "000000".to_owned(), NONE, false),
        ];
        for (what, code, after, right) in cases {
            let judged = computed(&|| match_totp(SEED, &code, now, &params, 0, 1, after).is_some());
            assert_eq!(judged, (right, 3), "{what}");
        }
        for (what, counter, right) in [("next", 7, true), ("the last that is looked at", 17, true), ("spent", 6, false)]
        {
            let code = hotp(SEED, counter, &params);
            let judged = computed(&|| match_hotp(SEED, &code, 7, 10, &params).is_some());
            assert_eq!(judged, (right, 11), "{what}");
        }
    }

    fn at(seconds: i64) -> Millis {
        Millis::seconds(seconds)
    }

    #[test]
    fn counters_0_to_9_give_the_codes_of_rfc_4226_appendix_d() {
        let codes =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, code) in codes.iter().enumerate() {
            assert_eq!(&hotp(SEED, counter as u64, &Params::default()), code);
        }
    }

    #[test]
    fn times_give_the_codes_of_rfc_6238_appendix_b() {
        let rows: [(i64, &str, &str, &str); 6] = [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ];
        for (seconds, sha1, sha256, sha512) in rows {
            let step = step_at(at(seconds), 30);
            let with = |algorithm| Params { algorithm, digits: 8, period: 30 };
            assert_eq!(totp_at(SEED, step, &with(Algorithm::Sha1)), sha1);
            assert_eq!(totp_at(SEED_32, step, &with(Algorithm::Sha256)), sha256);
            assert_eq!(totp_at(SEED_64, step, &with(Algorithm::Sha512)), sha512);
        }
    }

    #[test]
    fn six_digit_codes_keep_their_leading_zeros() {
        let rows = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in rows {
            let now = at(seconds);
            let step = step_at(now, 30);
            assert_eq!(totp_at(SEED, step, &Params::default()), code);
            assert_eq!(match_totp(SEED, code, now, &Params::default(), 0, 0, NONE), Some(step));
        }
    }

    #[test]
    fn exactly_three_steps_are_accepted_whatever_window_is_asked_for() {
        let (now, p) = (at(1_795_148_267), Params::default());
        let t = step_at(now, 30);
        for asked in [1, 2, 50, i64::MAX] {
            let accepted: Vec<i64> = (t - 3..=t + 3)
                .filter(|s| match_totp(SEED, &totp_at(SEED, *s, &p), now, &p, 0, asked, NONE) == Some(*s))
                .collect();
            assert_eq!(accepted, [t - 1, t, t + 1]);
        }
        assert_eq!(match_totp(SEED, &totp_at(SEED, t + 1, &p), now, &p, 0, 0, NONE), None);
    }

    #[test]
    fn an_accepted_step_spends_itself_and_all_before_it() {
        let (now, p) = (at(1_795_148_267), Params::default());
        let t = step_at(now, 30);
        let code = |s| totp_at(SEED, s, &p);
        assert_eq!(match_totp(SEED, &code(t + 1), now, &p, 0, 1, t), Some(t + 1));
        for spent in [t - 1, t, t + 1] {
            assert_eq!(match_totp(SEED, &code(spent), now, &p, 0, 1, t + 1), None);
        }
        assert_eq!(match_totp(SEED, &code(t), now, &p, 0, 1, t), None);
        assert_eq!(match_totp(SEED, &code(t), now, &p, 0, 1, t - 1), Some(t));
    }

    #[test]
    fn drift_moves_the_window_without_widening_it() {
        let (now, p) = (at(1_795_148_267), Params::default());
        let t = step_at(now, 30);
        let accepted: Vec<i64> = (t - 6..=t + 6)
            .filter(|s| match_totp(SEED, &totp_at(SEED, *s, &p), now, &p, -4, 1, NONE).is_some())
            .collect();
        assert_eq!(accepted, [t - 5, t - 4, t - 3]);
    }

    #[test]
    fn of_two_steps_with_one_code_the_later_is_spent() {
        let p = Params::default();
        let step = (0..).find(|s| totp_at(SEED, *s, &p) == totp_at(SEED, *s + 1, &p)).expect("some pair collides");
        let code = totp_at(SEED, step, &p);
        assert_eq!(match_totp(SEED, &code, at(step * 30), &p, 0, 1, NONE), Some(step + 1));
    }

    #[test]
    fn a_code_is_spelt_one_way_only() {
        assert!(is_code("012345", 6));
        for odd in [
            "",
            "12345",
            "1234567",
            " 12345",
            "12345 ",
            "+12345",
            "12 345",
            "１２３４５６",
            "١٢٣٤٥٦",
            "12345\0",
            "1234e5",
        ] {
            assert!(!is_code(odd, 6), "{odd:?}");
            assert_eq!(match_totp(SEED, odd, at(59), &Params::default(), 0, 1, NONE), None);
        }
    }

    #[test]
    fn nothing_matches_before_the_epoch_and_nothing_overflows_at_the_end() {
        let p = Params::default();
        assert_eq!(match_totp(SEED, &totp_at(SEED, 0, &p), at(-1), &p, -5, 1, NONE), None);
        assert_eq!(match_totp(SEED, "000000", Millis(i64::MAX), &p, i64::MAX, 1, i64::MAX), None);
    }

    #[test]
    fn a_counter_may_run_ahead_as_far_as_allowed_and_never_back() {
        let p = Params::default();
        assert_eq!(match_hotp(SEED, "162583", 5, 2, &p), Some(7));
        assert_eq!(match_hotp(SEED, "399871", 5, 2, &p), None);
        assert_eq!(match_hotp(SEED, "338314", 5, 2, &p), None);
    }

    #[test]
    fn algorithm_names_are_those_of_otpauth() {
        for a in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
            assert_eq!(Algorithm::parse(a.as_str()), Some(a));
        }
        assert_eq!(Algorithm::parse("sha-256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::parse("MD5"), None);
    }
}
