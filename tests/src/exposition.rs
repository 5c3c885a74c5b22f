//! Reading what a gateway exposes at `/metrics`, so far as tests need it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

/// One scrape.
pub struct Exposition {
    /// Its samples, in order.
    pub samples: Vec<Sample>,
    /// As it came.
    pub text: String,
}

/// One line of it.
#[derive(Debug)]
pub struct Sample {
    /// The metric's name, for histograms with `_bucket`, `_sum` or `_count` behind it.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Exposition {
    /// Reads a scrape.
    ///
    /// # Errors
    /// When a line is not `name{label="value",…} number`.
    pub fn parse(text: String) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let samples = lines.map(sample).collect::<Result<_>>()?;
        Ok(Self { samples, text })
    }

    /// The sum of the samples of this name that have all of these labels; 0 where there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| labels.iter().all(|(k, v)| sample.labels.get(*k).is_some_and(|have| have == v));
        self.samples.iter().filter(|sample| sample.name == name).filter(has).map(|sample| sample.value).sum()
    }
}

fn sample(line: &str) -> Result<Sample> {
    let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').with_context(|| format!("labels stay open: {line}"))?),
        None => (series, ""),
    };
    let mut read = BTreeMap::new();
    for label in labels.split_terminator("\",") {
        let (key, value) = label.split_once("=\"").with_context(|| format!("no label: {line}"))?;
        let value = value.strip_suffix('"').unwrap_or(value);
        ensure!(read.insert(key.to_owned(), value.to_owned()).is_none(), "a label twice: {line}");
    }
    let value = value.parse().with_context(|| format!("no number: {line}"))?;
    Ok(Sample { name: name.to_owned(), labels: read, value })
}
