//! `capstan route simulate`: the router on trial.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use capstan_laboratory::chooser::MODES;
use capstan_laboratory::plot;
use capstan_laboratory::report::{self, Line, Plan};
use capstan_laboratory::scenario::FAMILIES;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::TrialArgs;

/// Tries the router and what others do on the same tasks, and prints what became of them.
///
/// # Errors
/// When the picture cannot be written.
pub(crate) fn run(args: &TrialArgs) -> Result<()> {
    if args.list {
        for family in FAMILIES {
            let held_out = if family.is_held_out { "held out" } else { "" };
            crate::say(&format!("{:<14}{held_out:<10}{}", family.name, family.story));
        }
        return Ok(());
    }
    let is_asked = |name: &str| args.family.is_empty() || args.family.iter().any(|asked| asked == name);
    let plan = Plan {
        families: FAMILIES.iter().filter(|family| is_asked(family.name)).copied().collect(),
        modes: MODES.into_iter().filter(|mode| args.mode.is_none_or(|asked| asked == *mode)).collect(),
        seeds: (args.first_seed..args.first_seed.saturating_add(u64::from(args.seeds))).collect(),
    };
    if args.pools {
        let lines = report::pools(&plan.modes, &plan.seeds);
        crate::say(&if args.json { serde_json::to_string(&lines)? } else { table(&lines) });
        return Ok(());
    }
    let bar = if args.json { ProgressBar::hidden() } else { bar(plan.families.len() * plan.modes.len()) };
    let lines = report::run(&plan, || bar.inc(1));
    bar.finish_and_clear();
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::svg(&lines)).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    crate::say(&if args.json { serde_json::to_string(&lines)? } else { table(&lines) });
    Ok(())
}

fn bar(trials: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} families and modes, {elapsed}");
    let bar = ProgressBar::new(u64::try_from(trials).unwrap_or(0));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn table(lines: &[Line]) -> String {
    let mut table = String::new();
    let mut last = None;
    for line in lines {
        if last.replace((line.family, line.mode)) != Some((line.family, line.mode)) {
            let held_out = if line.held_out { " (held out)" } else { "" };
            let (mode, unit) = (line.mode.as_str(), report::unit(line.mode));
            let _ = writeln!(table, "\n{}{held_out}, {mode}: {unit}", line.family);
            let moved = line.moved.map_or(String::new(), |_| format!("{:>8}{:>8}", "AWAY s", "BACK s"));
            let _ = writeln!(
                table,
                "  {:<14}{:>10}{:>9}{:>9}{:>9}{:>8}{:>8}{:>11}{moved}",
                "", "OBJECTIVE", "REGRET", "SOLVED", "$/1000", "P50 s", "P90 s", "THROTTLED"
            );
        }
        let seconds = |time: Option<f64>| time.map_or("never".to_owned(), |s| format!("{s:.0}"));
        let moved = line.moved.map_or(String::new(), |m| format!("{:>8}{:>8}", seconds(m.away), seconds(m.back)));
        let _ = writeln!(
            table,
            "  {:<14}{:>10.3}{:>8.1}%{:>8.1}%{:>9.3}{:>8.1}{:>8.1}{:>10.2}%{moved}",
            line.chooser,
            line.objective,
            100.0 * line.regret,
            100.0 * line.success,
            line.cost,
            line.p50,
            line.p90,
            line.throttled
        );
    }
    if trials(lines) == 0 {
        return table;
    }
    let beaten = report::beaten(lines);
    let _ = writeln!(table, "\nBeaten by one of the others in {} of {}:", beaten.len(), trials(lines));
    for (own, other) in beaten {
        let (family, mode) = (own.family, own.mode.as_str());
        let _ = writeln!(table, "  {family}, {mode}: {:.3}, {} {:.3}", own.objective, other.chooser, other.objective);
    }
    table
}

fn trials(lines: &[Line]) -> usize {
    lines.iter().filter(|line| line.chooser == "capstan").count()
}
