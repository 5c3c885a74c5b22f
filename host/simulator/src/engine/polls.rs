//! What is said about tasks: to those who ask, and in replies that carry the solution themselves.

use super::Engine;
use crate::call::{Answer, Ready, Refusal, Reply, Solution};
use crate::draw::Draw;
use crate::plan::{self, Ending};
use crate::solution;
use crate::tasks::Task;

/// How far a task is whose create waits for its end.
#[derive(Debug)]
pub(crate) enum Standing {
    /// It has ended; this is the answer to the create.
    Ended(Answer),
    /// It ends in so many real milliseconds; none where solutions are being held.
    Open(Option<u64>),
}

impl Engine {
    /// Tells how a task stands.
    pub(crate) fn poll(&mut self, now_ms: u64, key: &str, id: Option<u64>) -> Reply {
        self.advance(now_ms);
        self.counts.polls += 1;
        let Some(number) = self.account_number(key) else { return Reply::refused(Refusal::KeyUnknown) };
        let Some(id) = id else { return Reply::refused(Refusal::TaskIdUnreadable) };
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.account == number) else {
            return Reply { task_id: Some(id), ..Reply::refused(Refusal::TaskGone) };
        };
        task.polls += 1;
        let polls = task.polls;
        let since_last = task.last_poll_ms.replace(now_ms).map(|last| now_ms.saturating_sub(last));

        let limits = self.behaviour.limits;
        let interval_ms = self.behaviour.scaled(limits.min_poll_interval_ms);
        let too_fast = since_last.is_some_and(|since| since < interval_ms);
        self.counts.polls_too_fast += u64::from(too_fast);
        self.counts.polls_over_limit += u64::from(polls > limits.max_polls);
        self.counts.max_polls_per_task = self.counts.max_polls_per_task.max(polls);

        let plan = plan::poll(&self.behaviour, Draw::seeded(self.seed).at(id).at(polls));
        let answer = if too_fast || plan.throttled {
            Answer::Refused(Refusal::Throttled)
        } else if self.rules.loses_overpolled && polls > limits.max_polls {
            Answer::Refused(Refusal::TaskGone)
        } else {
            self.tasks.get(id).map_or(Answer::Refused(Refusal::TaskGone), |task| self.standing(id, task))
        };
        Reply { answer, spoil: plan.spoil, task_id: Some(id), delay_ms: plan.reply_ms, at_once: false }
    }

    /// Tells how several tasks stand; each counts as a poll of its own.
    pub(crate) fn poll_many(&mut self, now_ms: u64, key: &str, ids: &[Option<u64>]) -> Reply {
        if self.account_number(key).is_none() {
            return self.poll(now_ms, key, None);
        }
        let mut reply = Reply::prompt(Answer::Many(Vec::new()));
        let mut answers = Vec::new();
        for id in ids {
            let one = self.poll(now_ms, key, *id);
            reply.spoil = reply.spoil.or(one.spoil);
            reply.delay_ms = reply.delay_ms.max(one.delay_ms);
            answers.push(one.answer);
        }
        Reply { answer: Answer::Many(answers), ..reply }
    }

    /// How far a task is whose create waits for its end.
    pub(crate) fn at_once(&mut self, now_ms: u64, id: u64) -> Standing {
        self.advance(now_ms);
        let Some(task) = self.tasks.get(id) else { return Standing::Ended(Answer::Refused(Refusal::TaskGone)) };
        let Some(ended_ms) = task.ended_ms else {
            return Standing::Open((!self.tasks.held()).then(|| task.due_ms.saturating_sub(now_ms)));
        };
        Standing::Ended(match self.result(id, task, ended_ms) {
            Ok(ready) => Answer::Solved(id, Box::new(ready)),
            Err(refusal) => Answer::Refused(refusal),
        })
    }

    fn standing(&self, id: u64, task: &Task) -> Answer {
        let Some(ended_ms) = task.ended_ms else { return Answer::Processing };
        match self.result(id, task, ended_ms) {
            Ok(ready) => Answer::Ready(Box::new(ready)),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// What an ended task came to.
    fn result(&self, id: u64, task: &Task, ended_ms: u64) -> Result<Ready, Refusal> {
        let solution = match &task.ending {
            Ending::Solved => solution::of(self.seed, id, task.family, &task.needs),
            Ending::Given(solution) => Solution::Given(solution.clone()),
            Ending::Failed(refusal) => return Err(refusal.clone()),
        };
        Ok(Ready {
            solution,
            cost: task.charge,
            ip: task.ip,
            created_at: self.started_at + task.created_ms / 1000,
            ended_at: self.started_at + ended_ms / 1000,
        })
    }
}
