//! Which of a poll's verdicts count.

use super::Verdict;

/// A poll's verdicts, those that count, and whether others had to be left out.
#[derive(Clone)]
pub struct Sifted {
    /// At most one for each task that was asked about.
    pub verdicts: Vec<Verdict>,
    /// The name of the breach, where there were others.
    pub breach: Option<&'static str>,
}

/// Keeps the verdicts on tasks that were asked about and that have one verdict only. Of two verdicts on a task none can be
/// believed: the task is taken to be open, and the next poll or its deadline tells. The rest of such a poll stands.
#[must_use]
pub fn sift(asked: &[String], verdicts: Vec<Verdict>) -> Sifted {
    let names: Vec<String> = verdicts.iter().map(|verdict| verdict.reference.clone()).collect();
    let was_asked = |name: &String| asked.contains(name);
    let is_single = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let breach = if !names.iter().all(was_asked) {
        Some("unasked-verdict")
    } else if !names.iter().all(is_single) {
        Some("several-verdicts")
    } else {
        None
    };
    let verdicts = verdicts.into_iter().filter(|v| was_asked(&v.reference) && is_single(&v.reference)).collect();
    Sifted { verdicts, breach }
}

#[cfg(test)]
mod tests {
    use super::sift;
    use crate::adapter::{Standing, Verdict};

    #[test]
    fn what_was_asked_and_answered_once_counts() {
        for (answered, kept, breach) in [
            (&[][..], &[][..], None),
            (&["a"], &["a"], None),
            (&["b", "a"], &["b", "a"], None),
            (&["a", "c"], &["a"], Some("unasked-verdict")),
            (&["c"], &[], Some("unasked-verdict")),
            (&["a", "b", "a"], &["b"], Some("several-verdicts")),
            (&["a", "a", "c"], &[], Some("unasked-verdict")),
        ] {
            let asked = ["a".to_owned(), "b".to_owned()];
            let verdict = |name: &&str| Verdict { reference: (*name).to_owned(), standing: Standing::Open(None) };
            let sifted = sift(&asked, answered.iter().map(verdict).collect());
            let names: Vec<&str> = sifted.verdicts.iter().map(|v| v.reference.as_str()).collect();
            assert_eq!((names.as_slice(), sifted.breach), (kept, breach), "{answered:?}");
        }
    }
}
