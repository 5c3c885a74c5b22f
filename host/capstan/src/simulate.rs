//! `capstan simulate`: the simulated provider alone.

use anyhow::{Context as _, Result};
use capstan_simulator::{KeySettings, Settings, Simulator};

use crate::signals::Signals;

use crate::cli::SimulateArgs;

/// Serves until Ctrl-C.
///
/// # Errors
/// When the settings cannot be read or the address cannot be listened on.
pub(crate) async fn run(args: SimulateArgs) -> Result<()> {
    let settings = settings(&args)?;
    let keys: Vec<&str> = settings.keys.iter().map(|k| k.key.as_str()).collect();
    let told = format!("speaks {}; keys: {}", settings.speaks, keys.join(", "));
    let simulator = Simulator::start(settings).await?;
    let mut signals = Signals::catch()?;
    if args.json {
        crate::say(&serde_json::json!({"url": simulator.url()}).to_string());
    } else {
        crate::say(&format!("simulated provider at {} ({told})\nCtrl-C ends it.", simulator.url()));
    }
    signals.stop().await?;
    simulator.stop().await;
    Ok(())
}

fn settings(args: &SimulateArgs) -> Result<Settings> {
    let mut settings: Settings = match &args.settings {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is not as it must be", path.display()))?
        }
        None => Settings { behaviour: capstan_simulator::Behaviour::realistic(), ..Settings::default() },
    };
    settings.listen = args.listen;
    if let Some(speaks) = args.speaks {
        settings.speaks = speaks;
    }
    if let Some(seed) = args.seed {
        settings.seed = seed;
    }
    if !args.key.is_empty() {
        settings.keys = args.key.iter().map(|text| key(text)).collect::<Result<_>>()?;
    }
    Ok(settings)
}

fn key(text: &str) -> Result<KeySettings> {
    let (key, balance) = text.rsplit_once('=').with_context(|| "a key is written KEY=BALANCE, such as my-key=5.00")?;
    let balance = balance.parse().with_context(|| format!("the balance of {key:?} is no amount of dollars"))?;
    Ok(KeySettings { key: key.to_owned(), balance })
}
