//! Which method a path names, and the dialect that it asks for. Paths are read as clients write them: any letter case,
//! doubled and trailing slashes, blanks after the name.

use capstan_domain::dialect::Dialect;

/// A method of the client API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Creates a task.
    CreateTask,
    /// Reads a task.
    GetTaskResult,
    /// Reads the balance.
    GetBalance,
    /// Reads why a task went where it went.
    GetTaskRoute,
    /// Says of a solution that it worked (true) or did not.
    Report(bool),
    /// capsolver's report: the body says which.
    FeedbackTask,
    /// The classic API's way in.
    ClassicIn,
    /// Everything else of the classic API.
    ClassicRes,
}

/// Every method by its path in lower case. The reports are the union of what the field's services call them.
const ENDPOINTS: &[(&str, Endpoint)] = &[
    ("createtask", Endpoint::CreateTask),
    ("gettaskresult", Endpoint::GetTaskResult),
    ("getbalance", Endpoint::GetBalance),
    ("gettaskroute", Endpoint::GetTaskRoute),
    ("reportcorrect", Endpoint::Report(true)),
    ("reportcorrectrecaptcha", Endpoint::Report(true)),
    ("reportcorrectimagecaptcha", Endpoint::Report(true)),
    ("reportincorrect", Endpoint::Report(false)),
    ("reportincorrectrecaptcha", Endpoint::Report(false)),
    ("reportincorrecthcaptcha", Endpoint::Report(false)),
    ("reportincorrectimagecaptcha", Endpoint::Report(false)),
    ("reportincorrecttokencaptcha", Endpoint::Report(false)),
    ("feedbacktask", Endpoint::FeedbackTask),
    ("in.php", Endpoint::ClassicIn),
    ("res.php", Endpoint::ClassicRes),
];

impl Endpoint {
    /// The method's name, as metrics have it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CreateTask => "createTask",
            Self::GetTaskResult => "getTaskResult",
            Self::GetBalance => "getBalance",
            Self::GetTaskRoute => "getTaskRoute",
            Self::Report(_) | Self::FeedbackTask => "report",
            Self::ClassicIn => "in.php",
            Self::ClassicRes => "res.php",
        }
    }

    /// Whether it belongs to the classic API, which has its own form of answers and may be asked with GET.
    pub(super) const fn is_classic(self) -> bool {
        match self {
            Self::ClassicIn | Self::ClassicRes => true,
            Self::CreateTask
            | Self::GetTaskResult
            | Self::GetBalance
            | Self::GetTaskRoute
            | Self::Report(_)
            | Self::FeedbackTask => false,
        }
    }
}

/// A path, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The dialect of its base, as in `/as/capsolver/createTask`.
    pub dialect: Option<Dialect>,
    /// The method; `None` when there is no such.
    pub endpoint: Option<Endpoint>,
}

/// Reads a path.
pub(super) fn read(path: &str) -> Named {
    let blank = |c: char| c == '/' || c.is_whitespace();
    let mut path = path.to_ascii_lowercase();
    if path.contains("%20") {
        path = path.replace("%20", " ");
    }
    let mut parts = path.split('/').map(str::trim).filter(|part| !part.is_empty());
    let (dialect, name) = match (parts.next(), parts.clone().next()) {
        (Some("as"), Some(word)) => match Dialect::from_word(word) {
            Some(dialect) => (Some(dialect), parts.nth(1)),
            None => return Named { dialect: None, endpoint: None },
        },
        (name, _) => (None, name),
    };
    let endpoint = name
        .filter(|_| parts.next().is_none())
        .and_then(|name| ENDPOINTS.iter().find(|(known, _)| *known == name.trim_matches(blank)));
    Named { dialect, endpoint: endpoint.map(|(_, endpoint)| *endpoint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_clients_write_them() {
        for path in ["/createTask", "/createTask%20", "//createTask", "/createTask/", "/CREATETASK", "/createTask%20/"]
        {
            assert_eq!(read(path), Named { dialect: None, endpoint: Some(Endpoint::CreateTask) }, "{path}");
        }
        for path in ["/create", "/", "/createTask/more", "/as/createTask", "/as/nobody/createTask", "/as/capsolver"] {
            assert_eq!(read(path).endpoint, None, "{path}");
        }
    }

    #[test]
    fn a_base_path_names_a_dialect() {
        for (path, dialect) in [
            ("/as/capsolver/createTask", Dialect::CapSolver),
            ("//as/2captcha//createTask%20", Dialect::AntiCaptcha),
            ("/AS/CapMonster/createTask/", Dialect::AntiCaptcha),
            ("/as/anysolver/createTask", Dialect::AnySolver),
        ] {
            assert_eq!(read(path), Named { dialect: Some(dialect), endpoint: Some(Endpoint::CreateTask) }, "{path}");
        }
        assert_eq!(read("/as/rucaptcha/in.php").endpoint, Some(Endpoint::ClassicIn));
    }

    #[test]
    fn every_report_of_the_field_is_known() {
        assert_eq!(read("/reportIncorrectHcaptcha").endpoint, Some(Endpoint::Report(false)));
        assert_eq!(read("/reportCorrectRecaptcha").endpoint, Some(Endpoint::Report(true)));
    }
}
