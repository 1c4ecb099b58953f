//! Randomness as an argument: every random byte of the server is drawn here, from the operating system.

/// The operating system's generator. Held by value so that a function which draws says so in its signature.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entropy;

impl Entropy {
    /// Fills `buf` with random bytes.
    ///
    /// # Panics
    /// When the operating system cannot give random bytes: nothing safe can be done without them.
    pub fn fill(&self, buf: &mut [u8]) {
        getrandom::fill(buf).expect("the operating system gives random bytes");
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// `n` bytes as lower-case hex.
    pub fn hex(&self, n: usize) -> String {
        let mut raw = vec![0; n];
        self.fill(&mut raw);
        raw.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// A number below `bound` without modulo bias. `bound` must not be 0.
    pub fn below(&self, bound: u32) -> u32 {
        let limit = u32::MAX - u32::MAX % bound;
        loop {
            let n = u32::from_le_bytes(self.bytes());
            if n < limit {
                return n % bound;
            }
        }
    }

    /// `len` decimal digits, leading zeros kept.
    pub fn digits(&self, len: usize) -> String {
        (0..len).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}
