//! Counters and histograms whose labels cannot grow without bound: a label's value is a [`Word`], and a `Word` is made of
//! a word of this program or of a provider's id, of nothing else.

use std::fmt::Write as _;

use capstan_domain::ProviderId;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::table::{Described, Kind};

/// A label's value. There is no way from a client's text, or from the id of a task, an account, a key or a credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    /// A word of this program: a family, a code, a mode, a pool, an outcome.
    Fixed(&'static str),
    /// A provider, of which there are as many as the operator has set up.
    Provider(ProviderId),
}

impl From<&'static str> for Word {
    fn from(word: &'static str) -> Self {
        Self::Fixed(word)
    }
}

impl From<&ProviderId> for Word {
    fn from(provider: &ProviderId) -> Self {
        Self::Provider(provider.clone())
    }
}

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        match self {
            Self::Fixed(word) => encoder.write_str(word),
            Self::Provider(provider) => encoder.write_str(provider.as_str()),
        }
    }
}

type Labels<const N: usize> = [(&'static str, Word); N];

fn labelled<const N: usize>(described: &Described<N>, words: [Word; N]) -> Labels<N> {
    let mut words = words.into_iter();
    described.labels.map(|name| (name, words.next().unwrap_or(Word::Fixed(""))))
}

/// Registers a metric under its name. The client library puts `_total` behind a counter's name itself.
fn register<const N: usize>(
    registry: &mut Registry,
    described: &Described<N>,
    metric: impl prometheus_client::registry::Metric,
) {
    let name = described.name.strip_suffix("_total").unwrap_or(described.name);
    registry.register(name, described.about, metric);
}

/// One counter for each combination of labels that has occurred.
pub(super) struct Counters<const N: usize> {
    described: &'static Described<N>,
    family: Family<Labels<N>, Counter>,
}

impl<const N: usize> Counters<N> {
    pub(super) fn register(registry: &mut Registry, described: &'static Described<N>) -> Self {
        let family = Family::default();
        register(registry, described, family.clone());
        Self { described, family }
    }

    pub(super) fn add(&self, words: [Word; N], by: u64) {
        self.family.get_or_create(&labelled(self.described, words)).inc_by(by);
    }
}

/// One histogram, mostly of seconds, for each combination of labels that has occurred.
pub(super) struct Timers<const N: usize> {
    described: &'static Described<N>,
    family: Family<Labels<N>, Histogram, Buckets>,
}

/// Makes a histogram with the buckets of its description.
#[derive(Clone)]
struct Buckets(&'static [f64]);

impl prometheus_client::metrics::family::MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl<const N: usize> Timers<N> {
    pub(super) fn register(registry: &mut Registry, described: &'static Described<N>) -> Self {
        let buckets = match described.kind {
            Kind::Histogram(buckets) => buckets,
            Kind::Counter | Kind::Gauge => &[],
        };
        let family = Family::new_with_constructor(Buckets(buckets));
        register(registry, described, family.clone());
        Self { described, family }
    }

    pub(super) fn observe(&self, words: [Word; N], took: std::time::Duration) {
        self.observe_number(words, took.as_secs_f64());
    }

    pub(super) fn observe_number(&self, words: [Word; N], number: f64) {
        self.family.get_or_create(&labelled(self.described, words)).observe(number);
    }
}

/// Registers gauges as they stand now; for a registry that lives for one scrape.
pub(super) fn gauges<const N: usize>(
    registry: &mut Registry,
    described: &'static Described<N>,
    values: impl IntoIterator<Item = ([Word; N], usize)>,
) {
    let family = Family::<Labels<N>, Gauge>::default();
    for (words, value) in values {
        family.get_or_create(&labelled(described, words)).inc_by(i64::try_from(value).unwrap_or(i64::MAX));
    }
    register(registry, described, family);
}

/// Registers a counter that is kept elsewhere; for a registry that lives for one scrape.
pub(super) fn kept_elsewhere<const N: usize>(
    registry: &mut Registry,
    described: &'static Described<N>,
    values: impl IntoIterator<Item = ([Word; N], u64)>,
) {
    let family = Family::<Labels<N>, Counter>::default();
    for (words, value) in values {
        family.get_or_create(&labelled(described, words)).inc_by(value);
    }
    register(registry, described, family);
}

/// The same for a sum of seconds.
pub(super) fn seconds_kept_elsewhere(
    registry: &mut Registry,
    described: &'static Described<0>,
    value: std::time::Duration,
) {
    let counter = Counter::<f64, std::sync::atomic::AtomicU64>::default();
    counter.inc_by(value.as_secs_f64());
    register(registry, described, counter);
}
