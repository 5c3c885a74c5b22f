//! The integration tests: one program, so that the gateway is linked once.

#![expect(clippy::indexing_slicing, reason = "a test that looks for what is not there fails, as it should")]

mod adapters;
mod admission;
mod api;
mod authors;
mod backup;
mod balances;
mod ceilings;
mod chained;
mod classic;
mod clients;
mod compiling;
mod dev;
mod dialects;
mod docs;
mod doubt;
mod exchange;
mod fuzz;
mod generations;
mod hostile;
mod hostile_load;
mod killed;
mod learning;
mod limits;
mod market;
mod metrics;
mod money;
mod operator;
mod outage;
mod packages;
mod policy;
mod polling;
mod pools;
mod prices;
mod refunds;
mod repeats;
mod restart;
mod routing;
mod secrets;
mod serve;
mod site_owners;
mod trials;

use std::process::ExitCode;

use capstan_tests::process::AS_CAPSTAN;
use clap::Parser as _;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut args = std::env::args();
    let program = args.next().unwrap_or_default();
    let first = std::env::args().nth(1);
    if let Some(AS_CAPSTAN | capstan::compile::COMMAND) = first.as_deref() {
        let is_told = usize::from(first.as_deref() == Some(AS_CAPSTAN));
        let as_capstan = std::iter::once(program).chain(args.skip(is_told));
        return capstan::run(capstan::cli::Cli::parse_from(as_capstan));
    }
    let tests = [
        adapters::tests(),
        admission::tests(),
        api::tests(),
        authors::tests(),
        balances::tests(),
        backup::tests(),
        ceilings::tests(),
        chained::tests(),
        classic::tests(),
        clients::tests(),
        compiling::tests(),
        dev::tests(),
        dialects::tests(),
        docs::tests(),
        doubt::tests(),
        exchange::tests(),
        fuzz::tests(),
        generations::tests(),
        hostile::tests(),
        hostile_load::tests(),
        killed::tests(),
        learning::tests(),
        limits::tests(),
        market::tests(),
        metrics::tests(),
        money::tests(),
        operator::tests(),
        outage::tests(),
        packages::tests(),
        policy::tests(),
        pools::tests(),
        polling::tests(),
        prices::tests(),
        refunds::tests(),
        repeats::tests(),
        restart::tests(),
        routing::tests(),
        secrets::tests(),
        serve::tests(),
        site_owners::tests(),
        trials::tests(),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect()).exit_code()
}
