//! One measured row.

use serde_json::{Value, json};

use crate::load::Load;

/// What was measured, and against what.
pub struct Row {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub against: Option<Baseline>,
    pub target: Target,
    /// Milliseconds, at the median and for 99 of 100 requests.
    pub latency: Option<(f64, f64)>,
}

#[derive(Clone)]
pub struct Baseline {
    pub name: &'static str,
    pub value: f64,
}

/// What is to be reached.
#[derive(Clone, Copy)]
pub enum Target {
    /// This part of the baseline, aiming at more.
    Ratio { least: f64, aim: Option<f64> },
    /// At most so much, in the row's unit.
    AtMost(f64),
    /// At most so much, and at most so many times the baseline.
    Steady { most: f64, times: f64 },
    /// Told, not judged.
    None,
}

impl Row {
    pub fn rate(name: impl Into<String>, load: &Load, against: &Baseline, least: f64, aim: Option<f64>) -> Row {
        Row {
            name: name.into(),
            value: load.per_second,
            unit: "/s",
            against: Some(against.clone()),
            target: Target::Ratio { least, aim },
            latency: (load.median > 0.0).then_some((load.median, load.p99)),
        }
    }

    pub fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Row {
        Row { name: name.into(), value, unit, against: None, target: Target::None, latency: None }
    }

    pub fn at_most(name: impl Into<String>, value: f64, unit: &'static str, most: f64) -> Row {
        Row { target: Target::AtMost(most), ..Row::told(name, value, unit) }
    }

    fn ratio(&self) -> Option<f64> {
        self.against.as_ref().map(|b| self.value / b.value)
    }

    fn reached(&self) -> Option<bool> {
        match self.target {
            Target::Ratio { least, .. } => Some(self.ratio()? >= least),
            Target::AtMost(most) => Some(self.value <= most),
            Target::Steady { most, times } => Some(self.value <= most && self.ratio()? <= times),
            Target::None => None,
        }
    }

    pub fn json(&self) -> Value {
        let (least, aim, most, times) = match self.target {
            Target::Ratio { least, aim } => (Some(least), aim, None, None),
            Target::AtMost(most) => (None, None, Some(most), None),
            Target::Steady { most, times } => (None, None, Some(most), Some(times)),
            Target::None => (None, None, None, None),
        };
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.against.as_ref().map(|b| json!({ "name": b.name, "value": b.value })),
            "ratio": self.ratio(),
            "least": least,
            "aim": aim,
            "most": most,
            "times": times,
            "reached": self.reached(),
            "latency": self.latency.map(|(median, p99)| json!([median, p99])),
        })
    }
}

/// The row whose ratio (or value, without one) is the middle one of several passes.
pub fn median(mut passes: Vec<Row>) -> Option<Row> {
    let key = |r: &Row| r.ratio().unwrap_or(r.value);
    passes.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = (passes.len().max(1) - 1) / 2;
    passes.into_iter().nth(middle)
}

/// [`median`] of each row of several passes over the same rows.
pub fn medians(passes: Vec<Vec<Row>>) -> Vec<Row> {
    let mut passes: Vec<_> = passes.into_iter().map(Vec::into_iter).collect();
    let mut rows = Vec::new();
    while let Some(same) = passes.iter_mut().map(Iterator::next).collect::<Option<Vec<Row>>>() {
        rows.extend(median(same));
    }
    rows
}
