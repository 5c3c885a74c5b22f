//! Pools: where credentials come from, and which of them a task may use.

use serde::{Deserialize, Serialize};

/// Where a credential comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The platform's own.
    Platform,
    /// Contributed by a community member.
    Community,
}

impl Pool {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Community => "community",
        }
    }
}

/// Which pools a task may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PoolMode {
    /// Platform and community.
    All,
    /// Platform only.
    PlatformOnly,
}

/// Who wishes for which pool; the first that speaks wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolWish {
    /// The request's own word.
    pub request: Option<PoolMode>,
    /// The API key's setting: a default, which a request may override unless the key is locked.
    pub key: Option<PoolMode>,
    /// Whether the task carries secrets. Whoever contributed a credential can see at the provider what was solved with it,
    /// so that `all` has to be asked for.
    pub has_secrets: bool,
}

/// What the operator has closed. A ceiling that is open, or not set, lifts nothing that another one closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCeilings {
    /// For everything that this gateway does.
    pub gateway: Option<PoolMode>,
    /// For the task's family.
    pub family: Option<PoolMode>,
    /// For the account.
    pub account: Option<PoolMode>,
    /// The API key's setting is what it may have at most: a request may narrow it, never widen it.
    pub key_lock: bool,
    /// Providers have refused too many of the account's tasks as bad, which gets the keys of others banned.
    pub bad_tasks: bool,
}

/// Whose wish a pool was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolAsker {
    /// The request's.
    Request,
    /// The API key's setting.
    Key,
    /// Nobody's: the task carries secrets.
    Secrets,
    /// Nobody's.
    Default,
}

/// A ceiling that keeps tasks on platform credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolCeiling {
    /// The gateway's.
    Gateway,
    /// The task type's.
    TaskType,
    /// The account's.
    Account,
    /// The lock on the API key.
    KeyLock,
    /// Too many of the account's tasks were bad.
    BadTasks,
}

/// The pool in force for one task, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolInForce {
    /// What holds.
    pub mode: PoolMode,
    /// What was wished for.
    pub asked: PoolMode,
    /// Whose wish that was.
    pub asker: PoolAsker,
    /// The first ceiling that keeps the task on platform credentials, whether or not more was asked for.
    pub ceiling: Option<PoolCeiling>,
}

impl PoolMode {
    /// Every mode, as clients write it.
    pub const ALL: &[(&'static str, Self)] = &[("all", Self::All), ("platformOnly", Self::PlatformOnly)];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::PlatformOnly => "platformOnly",
        }
    }

    /// Reads a client's word; letter case does not count.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(_, mode)| *mode)
    }

    /// The pool in force. The request's word, else the key's, else `all`, but platform for a task that carries secrets;
    /// then the ceilings, of which the one with the widest reach is named.
    #[must_use]
    pub fn in_force(wish: &PoolWish, ceilings: &PoolCeilings) -> PoolInForce {
        let unset =
            if wish.has_secrets { (Self::PlatformOnly, PoolAsker::Secrets) } else { (Self::All, PoolAsker::Default) };
        let of_key = wish.key.map_or(unset, |mode| (mode, PoolAsker::Key));
        let (asked, asker) = wish.request.map_or(of_key, |mode| (mode, PoolAsker::Request));
        let closed = [
            (ceilings.gateway, PoolCeiling::Gateway),
            (ceilings.family, PoolCeiling::TaskType),
            (ceilings.account, PoolCeiling::Account),
            (Some(of_key.0).filter(|_| ceilings.key_lock), PoolCeiling::KeyLock),
            (Some(Self::PlatformOnly).filter(|_| ceilings.bad_tasks), PoolCeiling::BadTasks),
        ];
        let ceiling = closed.into_iter().find(|(mode, _)| *mode == Some(Self::PlatformOnly)).map(|(_, named)| named);
        let mode = if ceiling.is_some() { Self::PlatformOnly } else { asked };
        PoolInForce { mode, asked, asker, ceiling }
    }

    /// Whether this mode admits a credential of that pool.
    #[must_use]
    pub const fn admits(self, pool: Pool) -> bool {
        match (self, pool) {
            (Self::All, _) | (Self::PlatformOnly, Pool::Platform) => true,
            (Self::PlatformOnly, Pool::Community) => false,
        }
    }
}

impl PoolInForce {
    /// The ceiling that gave the task a narrower pool than was asked for.
    #[must_use]
    pub fn narrowed_by(&self) -> Option<PoolCeiling> {
        self.ceiling.filter(|_| self.mode != self.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::PoolMode::{All, PlatformOnly};
    use super::*;

    const ANY: [Option<PoolMode>; 3] = [None, Some(All), Some(PlatformOnly)];

    /// Every combination of every level, 1,944 of them.
    fn each(check: impl Fn(&PoolWish, &PoolCeilings, PoolInForce)) {
        let flags = [false, true];
        for (request, key, has_secrets) in
            ANY.iter().flat_map(|r| ANY.iter().flat_map(move |k| flags.map(|s| (*r, *k, s))))
        {
            let wish = PoolWish { request, key, has_secrets };
            for (gateway, family) in ANY.iter().flat_map(|g| ANY.map(|f| (*g, f))) {
                for (account, key_lock) in ANY.iter().flat_map(|a| flags.map(|l| (*a, l))) {
                    for bad_tasks in flags {
                        let ceilings = PoolCeilings { gateway, family, account, key_lock, bad_tasks };
                        check(&wish, &ceilings, PoolMode::in_force(&wish, &ceilings));
                    }
                }
            }
        }
    }

    #[test]
    fn the_wish_follows_request_then_key_then_secrets() {
        for (request, key, has_secrets, expected, asker) in [
            (None, None, false, All, PoolAsker::Default),
            (None, None, true, PlatformOnly, PoolAsker::Secrets),
            (None, Some(All), false, All, PoolAsker::Key),
            (None, Some(All), true, All, PoolAsker::Key),
            (None, Some(PlatformOnly), false, PlatformOnly, PoolAsker::Key),
            (None, Some(PlatformOnly), true, PlatformOnly, PoolAsker::Key),
            (Some(All), None, false, All, PoolAsker::Request),
            (Some(All), None, true, All, PoolAsker::Request),
            (Some(All), Some(All), false, All, PoolAsker::Request),
            (Some(All), Some(All), true, All, PoolAsker::Request),
            (Some(All), Some(PlatformOnly), false, All, PoolAsker::Request),
            (Some(All), Some(PlatformOnly), true, All, PoolAsker::Request),
            (Some(PlatformOnly), None, false, PlatformOnly, PoolAsker::Request),
            (Some(PlatformOnly), None, true, PlatformOnly, PoolAsker::Request),
            (Some(PlatformOnly), Some(All), false, PlatformOnly, PoolAsker::Request),
            (Some(PlatformOnly), Some(All), true, PlatformOnly, PoolAsker::Request),
            (Some(PlatformOnly), Some(PlatformOnly), false, PlatformOnly, PoolAsker::Request),
            (Some(PlatformOnly), Some(PlatformOnly), true, PlatformOnly, PoolAsker::Request),
        ] {
            let wish = PoolWish { request, key, has_secrets };
            let pool = PoolMode::in_force(&wish, &PoolCeilings::default());
            assert_eq!(
                (pool.mode, pool.asked, pool.asker, pool.ceiling),
                (expected, expected, asker, None),
                "{wish:?}"
            );
            // And whatever the ceilings are, they change nothing about what was asked for.
            each(|each_wish, _, pool| assert!(*each_wish != wish || (pool.asked, pool.asker) == (expected, asker)));
        }
    }

    #[test]
    fn ceilings_narrow_and_nothing_below_lifts_them() {
        let ask = |key, has_secrets| PoolWish { request: Some(All), key, has_secrets };
        let (open, shut) = (Some(All), Some(PlatformOnly));
        let set =
            |gateway, family, account, key_lock| PoolCeilings { gateway, family, account, key_lock, bad_tasks: false };
        let bad = |ceilings| PoolCeilings { bad_tasks: true, ..ceilings };
        for (wish, ceilings, mode, ceiling) in [
            (ask(None, false), set(None, None, None, false), All, None),
            (ask(None, false), set(open, open, open, false), All, None),
            (ask(None, false), set(shut, open, open, false), PlatformOnly, Some(PoolCeiling::Gateway)),
            (ask(None, false), set(open, shut, open, false), PlatformOnly, Some(PoolCeiling::TaskType)),
            (ask(None, false), set(None, None, shut, false), PlatformOnly, Some(PoolCeiling::Account)),
            (ask(None, false), set(shut, shut, shut, true), PlatformOnly, Some(PoolCeiling::Gateway)),
            (ask(shut, false), set(None, None, None, true), PlatformOnly, Some(PoolCeiling::KeyLock)),
            (ask(shut, false), set(open, open, open, true), PlatformOnly, Some(PoolCeiling::KeyLock)),
            (ask(shut, false), set(None, None, shut, true), PlatformOnly, Some(PoolCeiling::Account)),
            (ask(None, false), bad(set(open, open, open, false)), PlatformOnly, Some(PoolCeiling::BadTasks)),
            (ask(None, false), bad(set(None, None, shut, false)), PlatformOnly, Some(PoolCeiling::Account)),
            (ask(open, true), set(None, None, None, true), All, None),
            (ask(None, false), set(None, None, None, true), All, None),
            // A locked key without a setting has what such a key has by itself, so nothing for tasks with secrets.
            (ask(None, true), set(None, None, None, true), PlatformOnly, Some(PoolCeiling::KeyLock)),
        ] {
            let pool = PoolMode::in_force(&wish, &ceilings);
            assert_eq!((pool.mode, pool.ceiling), (mode, ceiling), "{wish:?} {ceilings:?}");
            assert_eq!(pool.narrowed_by(), ceiling, "all was asked for: {wish:?} {ceilings:?}");
        }
    }

    #[test]
    fn over_every_combination_community_needs_a_wish_and_no_closed_ceiling() {
        each(|wish, ceilings, pool| {
            let shut = Some(PlatformOnly);
            let is_locked_out = ceilings.key_lock && (wish.key == shut || (wish.key.is_none() && wish.has_secrets));
            let is_closed = [ceilings.gateway, ceilings.family, ceilings.account].contains(&shut);
            let is_shut = is_closed || is_locked_out || ceilings.bad_tasks;
            let is_wished = wish.request == Some(All)
                || (wish.request.is_none() && (wish.key == Some(All) || (wish.key.is_none() && !wish.has_secrets)));
            let context = format!("{wish:?} {ceilings:?} {pool:?}");
            assert_eq!(pool.mode.admits(Pool::Community), is_wished && !is_shut, "{context}");
            assert!(pool.mode.admits(Pool::Platform), "{context}");
            assert_eq!(pool.ceiling.is_some(), is_shut, "{context}");
            assert_eq!(pool.narrowed_by().is_some(), is_wished && is_shut, "{context}");
            let named_is_shut = match pool.ceiling {
                None => true,
                Some(PoolCeiling::Gateway) => ceilings.gateway == shut,
                Some(PoolCeiling::TaskType) => ceilings.gateway != shut && ceilings.family == shut,
                Some(PoolCeiling::Account) => {
                    ![ceilings.gateway, ceilings.family].contains(&shut) && ceilings.account == shut
                }
                Some(PoolCeiling::KeyLock) => is_locked_out,
                Some(PoolCeiling::BadTasks) => ceilings.bad_tasks && !is_closed && !is_locked_out,
            };
            assert!(named_is_shut, "{context}");
        });
    }
}
