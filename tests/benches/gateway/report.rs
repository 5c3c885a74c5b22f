//! Figures and their ratios, as a table.

use std::fmt::Write as _;
use std::time::Duration;

use capstan_tests::exposition::Exposition;

use crate::load::Took;
use crate::server::Kind;

/// What a database has written.
#[derive(Clone, Copy)]
pub(crate) struct Writes {
    commits: f64,
    kept: f64,
    commit_seconds: f64,
    overhead_seconds: f64,
    overheads: f64,
}

impl Writes {
    /// As a gateway counts it.
    pub(crate) fn of(seen: &Exposition) -> Self {
        let created = [("of", "create_task")];
        Self {
            commits: seen.sum("capstan_commits_total", &[]),
            kept: seen.sum("capstan_writes_total", &[("outcome", "kept")]),
            commit_seconds: seen.sum("capstan_commit_seconds_total", &[]),
            overhead_seconds: seen.sum("capstan_overhead_seconds_sum", &created),
            overheads: seen.sum("capstan_overhead_seconds_count", &created),
        }
    }

    /// What came between two readings.
    pub(crate) fn between(before: Self, after: Self) -> Self {
        Self {
            commits: after.commits - before.commits,
            kept: after.kept - before.kept,
            commit_seconds: after.commit_seconds - before.commit_seconds,
            overhead_seconds: after.overhead_seconds - before.overhead_seconds,
            overheads: after.overheads - before.overheads,
        }
    }
}

/// One measurement of one server.
#[derive(Clone)]
pub(crate) struct Figures {
    kind: Kind,
    /// Answers per second.
    pub(crate) per_second: f64,
    p50: Duration,
    p99: Duration,
    cpu_each: Option<Duration>,
    writes: Option<Writes>,
}

impl Figures {
    /// From what was measured.
    pub(crate) fn of(kind: Kind, took: Took, cpu: Option<Duration>, writes: Option<Writes>) -> Self {
        let Took { mut each, all } = took;
        each.sort();
        let at = |share: f64| each[((each.len() - 1) as f64 * share) as usize];
        let count = u32::try_from(each.len()).unwrap_or(u32::MAX);
        Self {
            kind,
            per_second: f64::from(count) / all.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            cpu_each: cpu.map(|cpu| cpu / count),
            writes,
        }
    }
}

/// The round with the median throughput.
pub(crate) fn median(mut rounds: Vec<Figures>) -> Figures {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds.swap_remove(rounds.len() / 2)
}

/// Servers side by side, the bare one first, and what each does of what those before it do.
pub(crate) fn table(title: &str, figures: &[Figures]) -> String {
    let mut text = format!(
        "{title}\n{:10} {:>10} {:>10} {:>10} {:>12} {:>14} {:>9} {:>8} {:>12}\n",
        "", "answers/s", "p50", "p99", "CPU/answer", "mean overhead", "commits", "batch", "commit takes"
    );
    for figures in figures {
        let _ = writeln!(text, "{}", row(figures));
    }
    for (place, over) in figures.iter().enumerate() {
        for under in &figures[..place] {
            let ratio = |of: fn(&Figures) -> f64| of(over) / of(under);
            let _ = writeln!(
                text,
                "{:14} {:>6.3} {:>9.2}x {:>9.2}x",
                format!("{}/{}", over.kind.name(), under.kind.name()),
                ratio(|f| f.per_second),
                ratio(|f| f.p50.as_secs_f64()),
                ratio(|f| f.p99.as_secs_f64()),
            );
        }
    }
    text
}

/// One server in turn, and how much longer it took than at first.
pub(crate) fn phases(title: &str, phases: &[(&str, Figures)]) -> String {
    let mut text = format!("{title}\n{:34} {:>9} {:>10} {:>10}\n", "", "answers/s", "p50", "p99");
    for (name, figures) in phases {
        let (_, first) = &phases[0];
        let ratio = |of: fn(&Figures) -> Duration| of(figures).as_secs_f64() / of(first).as_secs_f64();
        let micros = |duration: Duration| format!("{:.0} µs", duration.as_secs_f64() * 1e6);
        let _ = writeln!(
            text,
            "{name:34} {:>9.0} {:>10} {:>10} {:>9.2}x {:>9.2}x",
            figures.per_second,
            micros(figures.p50),
            micros(figures.p99),
            ratio(|f| f.p50),
            ratio(|f| f.p99),
        );
    }
    text
}

fn row(figures: &Figures) -> String {
    let micros = |duration: Duration| format!("{:.0} µs", duration.as_secs_f64() * 1e6);
    let cpu = figures.cpu_each.map_or_else(|| "?".to_owned(), micros);
    let (name, p50, p99) = (figures.kind.name(), micros(figures.p50), micros(figures.p99));
    let mut row = format!("{name:10} {:>10.0} {p50:>10} {p99:>10} {cpu:>12}", figures.per_second);
    if let Some(writes) = &figures.writes {
        let overhead = micros(Duration::from_secs_f64(writes.overhead_seconds / writes.overheads.max(1.0)));
        let commit = micros(Duration::from_secs_f64(writes.commit_seconds / writes.commits.max(1.0)));
        let batch = writes.kept / writes.commits.max(1.0);
        let _ = write!(row, " {overhead:>14} {:>9.0} {batch:>8.2} {commit:>12}", writes.commits);
    }
    row
}
