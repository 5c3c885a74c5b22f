//! The service without a network and without a clock: every answer is a function of what came before and `now_ms`
//! (real milliseconds since the start).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::call::{Answer, Family, NewTask, Queue, Refusal, Reply, Report};
use crate::draw::Draw;
use crate::money::Usd;
use crate::plan::{self, Ending, Entry, Plan};
use crate::script::Create;
use crate::settings::{Behaviour, KeySettings, Settings};
use crate::stats::Stats;
use crate::tasks::{Kept, Task, Tasks};
use crate::wire::Rules;

mod polls;

pub(crate) use polls::Standing;

/// An API key and its money.
struct Account {
    key: String,
    revoked: bool,
    balance: Usd,
    /// Prices of open tasks: they are charged when solved, but cannot be spent twice.
    set_aside: Usd,
    charged: Usd,
    /// Its tasks that have not ended.
    open: u64,
    /// Creates so far, refused ones included: the address of the next one's draws.
    creates: u64,
}

/// A create that is being decided: when, whose, the how-manieth of its key, from where.
#[derive(Clone, Copy)]
struct Arrival {
    now_ms: u64,
    account: usize,
    sequence: u64,
    ip: IpAddr,
}

/// The service.
pub(crate) struct Engine {
    rules: Rules,
    seed: u64,
    /// Unix seconds at which `now_ms` was 0.
    started_at: u64,
    behaviour: Behaviour,
    /// By key: its place in `accounts`.
    numbers: BTreeMap<String, usize>,
    /// A key that is removed keeps its place, so that the ids of other keys' tasks do not depend on it.
    accounts: Vec<Account>,
    tasks: Tasks,
    script: VecDeque<Create>,
    counts: Stats,
}

impl Engine {
    pub(crate) fn new(settings: &Settings, started_at: u64) -> Self {
        let mut engine = Self {
            rules: settings.speaks.rules(),
            seed: settings.seed,
            started_at,
            behaviour: settings.behaviour.clone(),
            numbers: BTreeMap::new(),
            accounts: Vec::new(),
            tasks: Tasks::default(),
            script: VecDeque::new(),
            counts: Stats::default(),
        };
        for KeySettings { key, balance } in &settings.keys {
            engine.set_key(0, key, *balance);
        }
        engine
    }

    // ------------------------------------------------------------------------------------------------ the service

    /// Counts a request that has arrived, before anything is decided about it.
    pub(crate) const fn arrived(&mut self, create: bool) {
        self.counts.requests += 1;
        if create {
            self.counts.creates += 1;
        }
    }

    /// Takes or refuses a task.
    pub(crate) fn create(&mut self, now_ms: u64, key: &str, task: Result<NewTask, Refusal>, ip: IpAddr) -> Reply {
        self.advance(now_ms);
        let Some(number) = self.account_number(key) else { return Reply::refused(Refusal::KeyUnknown) };
        let Some(account) = self.accounts.get_mut(number) else { return Reply::refused(Refusal::KeyUnknown) };
        account.creates += 1;
        let sequence = account.creates;
        let arrival = Arrival { now_ms, account: number, sequence, ip };
        let draw = Draw::seeded(self.seed).named(key.as_bytes()).at(sequence);

        // A script speaks of tasks that could be accepted; everything else takes its ordinary course.
        if let Ok(task) = &task
            && let Some(create) = self.script.pop_front()
        {
            let plan = plan::scripted(&self.behaviour, draw, task, create);
            return self.enter(arrival, task.clone(), plan);
        }
        let entry = plan::entry(&self.behaviour, draw);
        match (entry, task) {
            (Entry::Drop(spoil), _) => Reply { spoil: Some(spoil), ..Reply::prompt(Answer::Nothing) },
            (Entry::Refuse(Refusal::Throttled), _) => Reply::refused(Refusal::Throttled),
            (Entry::Accept { .. } | Entry::Refuse(_), Err(refusal)) => Reply::refused(refusal),
            (entry @ (Entry::Accept { .. } | Entry::Refuse(_)), Ok(task)) => {
                let plan = plan::drawn(&self.behaviour, draw, &task, entry);
                self.enter(arrival, task, plan)
            }
        }
    }

    /// Carries out the plan for a create.
    fn enter(&mut self, arrival: Arrival, task: NewTask, plan: Plan) -> Reply {
        let Arrival { now_ms, ip, .. } = arrival;
        let (spoil, delay_ms) = match plan.entry {
            Entry::Accept { spoil, reply_ms } => (spoil, reply_ms),
            Entry::Refuse(refusal) => return Reply::refused(refusal),
            Entry::Drop(spoil) => return Reply { spoil: Some(spoil), ..Reply::prompt(Answer::Nothing) },
        };
        let price = self.behaviour.price(task.family);
        let Some(account) = self.accounts.get_mut(arrival.account) else { return Reply::refused(Refusal::KeyUnknown) };
        if account.balance.minus(account.set_aside) < price.max(Usd::from_nanos(1)) {
            return Reply::refused(Refusal::ZeroBalance);
        }
        if self.behaviour.limits.open_per_key.is_some_and(|most| account.open >= most) {
            return Reply::refused(Refusal::TooManyOpen);
        }
        if self.tasks.counts().processing >= self.behaviour.limits.workers {
            return Reply::refused(Refusal::NoSlot);
        }
        account.set_aside = account.set_aside.plus(price);
        account.open += 1;
        self.counts.accepted += 1;

        // A task that is not solved within its longest life is given up then, uncharged: nobody finished it.
        let longest_ms = self.behaviour.limits.longest_life_ms.min(self.rules.longest_life_ms);
        let life_ms = self.behaviour.scaled(longest_ms);
        let solve_ms = plan.solve_ms.filter(|ms| *ms <= life_ms);
        let ending = if solve_ms.is_some() { plan.ending } else { Ending::Failed(Refusal::TimedOut) };
        let charged = self.charges(&ending);
        let at_once = self.rules.at_once.contains(&task.family);
        let id = task_id(arrival.account, arrival.sequence);
        let task = Task {
            account: arrival.account,
            family: task.family,
            needs: task.needs,
            ending,
            price,
            charge: if charged { price } else { Usd::ZERO },
            ip,
            created_ms: now_ms,
            due_ms: now_ms.saturating_add(solve_ms.unwrap_or(life_ms)),
            kept: self.kept(),
            ended_ms: None,
            polls: 0,
            last_poll_ms: None,
        };
        self.tasks.insert(id, task);
        // A task that needs no time has ended by the time its id is read.
        self.advance(now_ms);
        Reply { answer: Answer::Created(id), spoil, task_id: Some(id), delay_ms, at_once }
    }

    /// Whether a task that ends so is charged. Where unsolvable ones are, it is because workers were paid for trying.
    fn charges(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Solved | Ending::Given(_) => true,
            Ending::Failed(Refusal::Unsolvable) => {
                self.behaviour.charges_unsolvable.unwrap_or(self.rules.charges_unsolvable)
            }
            Ending::Failed(_) => false,
        }
    }

    fn kept(&self) -> Kept {
        let kept_ms = self.behaviour.limits.result_kept_ms.unwrap_or(self.rules.result_kept_ms);
        let kept_ms = self.behaviour.scaled(kept_ms);
        if self.rules.kept_from_creation { Kept::AfterCreation(kept_ms) } else { Kept::AfterEnd(kept_ms) }
    }

    /// Refuses what nothing can be done about; a key that is unknown comes first.
    pub(crate) fn refuse(&self, key: &str, refusal: Refusal) -> Reply {
        Reply::refused(if self.account_number(key).is_some() { refusal } else { Refusal::KeyUnknown })
    }

    /// Tells what a key has left.
    pub(crate) fn balance(&mut self, now_ms: u64, key: &str) -> Reply {
        self.advance(now_ms);
        let account = self.account_number(key).and_then(|number| self.accounts.get(number));
        account.map_or(Reply::refused(Refusal::KeyUnknown), |account| Reply::prompt(Answer::Balance(account.balance)))
    }

    /// Tells load and price of a family.
    pub(crate) fn queue(&mut self, now_ms: u64, family: Option<Family>) -> Reply {
        self.advance(now_ms);
        let Some(family) = family else { return Reply::refused(Refusal::Field("queueId")) };
        let told = self.behaviour.published.get(&family).copied().unwrap_or_default();
        let total = self.behaviour.limits.workers;
        Reply::prompt(Answer::Queue(Queue {
            waiting: told.idle.unwrap_or_else(|| total.saturating_sub(self.tasks.counts().processing)),
            total,
            price: told.price.unwrap_or_else(|| self.behaviour.price(family)),
            speed_s: told.speed_s.unwrap_or_else(|| self.behaviour.latency(family).median_ms() / 1000.0),
        }))
    }

    /// Takes a verdict on a solution, as long as the result is kept.
    pub(crate) fn report(&mut self, now_ms: u64, key: &str, report: &Report) -> Reply {
        self.advance(now_ms);
        let Some(number) = self.account_number(key) else { return Reply::refused(Refusal::KeyUnknown) };
        let task = report.task.and_then(|id| self.tasks.get(id));
        let reportable = task.is_some_and(|task| {
            let solved = task.ended_ms.is_some() && !matches!(task.ending, Ending::Failed(_));
            solved && task.account == number && report.families.contains(&task.family)
        });
        if !reportable {
            return Reply { task_id: report.task, ..Reply::refused(Refusal::TaskGone) };
        }
        self.counts.reports += 1;
        Reply { task_id: report.task, ..Reply::prompt(Answer::Reported) }
    }

    // ------------------------------------------------------------------------------------------------ the controls

    /// Adds a key, or sets the balance of one that is there and takes it back into use.
    pub(crate) fn set_key(&mut self, now_ms: u64, key: &str, balance: Usd) {
        self.advance(now_ms);
        if let Some(account) = self.numbers.get(key).and_then(|number| self.accounts.get_mut(*number)) {
            account.balance = balance;
            account.revoked = false;
            return;
        }
        self.numbers.insert(key.to_owned(), self.accounts.len());
        self.accounts.push(Account {
            key: key.to_owned(),
            revoked: false,
            balance,
            set_aside: Usd::ZERO,
            charged: Usd::ZERO,
            open: 0,
            creates: 0,
        });
    }

    /// Makes a key unknown; its tasks go on.
    pub(crate) fn revoke_key(&mut self, key: &str) {
        if let Some(account) = self.numbers.get(key).and_then(|number| self.accounts.get_mut(*number)) {
            account.revoked = true;
        }
    }

    pub(crate) const fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    /// Changes the behaviour towards what comes; tasks that are accepted keep what was decided about them.
    pub(crate) fn set_behaviour(&mut self, now_ms: u64, behaviour: Behaviour) {
        self.advance(now_ms);
        self.behaviour = behaviour;
    }

    /// Adds outcomes for the next creates.
    pub(crate) fn add_script(&mut self, creates: impl IntoIterator<Item = Create>) {
        self.script.extend(creates);
    }

    /// Drops the outcomes that no create has used.
    pub(crate) fn clear_script(&mut self) {
        self.script.clear();
    }

    /// Stops tasks from ending, or lets them end again.
    pub(crate) fn hold_solutions(&mut self, now_ms: u64, held: bool) {
        self.advance(now_ms);
        self.tasks.hold(now_ms, held);
        self.advance(now_ms);
    }

    /// What happened so far.
    pub(crate) fn stats(&mut self, now_ms: u64) -> Stats {
        self.advance(now_ms);
        let of_accounts = |amount: fn(&Account) -> Usd| {
            self.accounts.iter().map(|account| (account.key.clone(), amount(account))).collect()
        };
        Stats {
            charged: of_accounts(|account| account.charged),
            balances: of_accounts(|account| account.balance),
            tasks: self.tasks.counts(),
            script_left: u64::try_from(self.script.len()).unwrap_or(u64::MAX),
            ..self.counts.clone()
        }
    }

    // ------------------------------------------------------------------------------------------------ inside

    fn account_number(&self, key: &str) -> Option<usize> {
        let number = *self.numbers.get(key)?;
        self.accounts.get(number).filter(|account| !account.revoked).map(|_| number)
    }

    /// Brings tasks and balances up to this moment.
    fn advance(&mut self, now_ms: u64) {
        for ended in self.tasks.advance(now_ms) {
            let Some(account) = self.accounts.get_mut(ended.account) else { continue };
            account.set_aside = account.set_aside.minus(ended.price);
            account.balance = account.balance.minus(ended.charge);
            account.charged = account.charged.plus(ended.charge);
            account.open -= 1;
        }
    }
}

/// The id of an account's n-th create: its own numbers for every key, so that one key's traffic does not move another's
/// ids. Beyond 32 bits, as today's ids at the real service are.
fn task_id(account: usize, sequence: u64) -> u64 {
    let account = u64::try_from(account).unwrap_or(0);
    ((account + 1) << 32) | (sequence & u64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
