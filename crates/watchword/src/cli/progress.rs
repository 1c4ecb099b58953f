//! A bar that tells how far long work is; drawn on a terminal only.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

const WIDTH: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// The bar of one command.
pub struct Bar {
    shown: bool,
    started: Instant,
    drawn: Option<Instant>,
    /// Rows that were done before this run.
    before: u64,
}

impl Bar {
    pub fn new(before: u64) -> Bar {
        Bar { shown: stderr().is_terminal(), started: Instant::now(), drawn: None, before }
    }

    /// `part` of the whole, 0 to 1; `None` where the whole is not known.
    pub fn show(&mut self, rows: u64, part: Option<f64>) {
        if !self.shown || self.drawn.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = line(rows, rows.saturating_sub(self.before), part, self.started.elapsed().as_secs_f64());
        let _ = write!(stderr(), "\r\x1b[2K{line}");
        let _ = stderr().flush();
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if self.drawn.is_some() {
            let _ = write!(stderr(), "\r\x1b[2K");
        }
    }
}

fn line(rows: u64, new: u64, part: Option<f64>, seconds: f64) -> String {
    let rate = if seconds > 0.0 { new as f64 / seconds } else { 0.0 };
    let Some(part) = part.map(|p| p.clamp(0.0, 1.0)) else {
        return format!("{rows} rows  {rate:.0} rows/s");
    };
    let full = (part * WIDTH as f64) as usize;
    let (bar, percent) = (format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full)), part * 100.0);
    let left = if part > 0.0 { seconds * (1.0 - part) / part } else { 0.0 };
    let left = left.round() as u64;
    format!("[{bar}] {percent:.0}%  {rows} rows  {rate:.0} rows/s  {}:{:02} left", left / 60, left % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_tells_rate_and_remaining_time() {
        let bar = line(5_000, 5_000, Some(0.25), 10.0);
        assert_eq!(bar, format!("[{}{}] 25%  5000 rows  500 rows/s  0:30 left", "#".repeat(7), "-".repeat(23)));
        assert_eq!(line(10, 5, None, 1.0), "10 rows  5 rows/s");
    }
}
