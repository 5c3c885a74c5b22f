//! A PostgreSQL address as its programs take it: in variables, since everybody on the machine can read a command line.

use tokio::process::Command;
use url::Url;

use crate::StoreError;

/// Variables of libpq, by which its programs connect as the gateway does.
pub(super) struct Address {
    variables: Vec<(&'static str, String)>,
}

impl Address {
    /// Reads what the driver reads from the same text; what neither says, both take from the environment.
    pub(super) fn read(text: &str) -> Result<Self, StoreError> {
        let url = Url::parse(text).map_err(|_| StoreError::BadUrl)?;
        let mut address = Self { variables: Vec::new() };
        address.set("PGHOST", url.host_str().map(decoded));
        address.set("PGPORT", url.port().map(|port| port.to_string()));
        address.set("PGUSER", Some(decoded(url.username())));
        address.set("PGPASSWORD", url.password().map(decoded));
        address.set("PGDATABASE", Some(decoded(url.path().trim_start_matches('/'))));
        let mut options = String::new();
        for (name, value) in url.query_pairs() {
            if let Some(setting) = name.strip_prefix("options[").and_then(|rest| rest.strip_suffix(']')) {
                options.push_str(&format!(" -c {setting}={value}"));
            } else if name == "options" {
                options.push_str(&format!(" {value}"));
            } else if let Some(variable) = variable(&name) {
                address.set(variable, Some(value.into_owned()));
            }
        }
        address.set("PGOPTIONS", Some(options.trim_start().to_owned()));
        Ok(address)
    }

    fn set(&mut self, name: &'static str, value: Option<String>) {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return };
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value));
    }

    /// Hands it to a program.
    pub(super) fn give(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        command.env("PGCONNECT_TIMEOUT", "10").env("PGAPPNAME", "capstan backup");
    }

    /// A text without the password.
    pub(super) fn hide(&self, text: &str) -> String {
        let password = self.variables.iter().find(|(name, _)| *name == "PGPASSWORD");
        password.map_or_else(|| text.to_owned(), |(_, password)| text.replace(password.as_str(), "***"))
    }
}

fn variable(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "host" | "hostaddr" => "PGHOST",
        "port" => "PGPORT",
        "dbname" => "PGDATABASE",
        "user" => "PGUSER",
        "password" => "PGPASSWORD",
        "sslmode" | "ssl-mode" => "PGSSLMODE",
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
        "sslcert" | "ssl-cert" => "PGSSLCERT",
        "sslkey" | "ssl-key" => "PGSSLKEY",
        _ => return None,
    })
}

/// A part of a URL with its `%41` read; what is no such escape stays.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after.split_at_checked(2).filter(|_| first == b'%').and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = escaped.unwrap_or((first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn variables(text: &str) -> Vec<(&'static str, String)> {
        let mut variables = Address::read(text).unwrap().variables;
        variables.sort_unstable();
        variables
    }

    #[test]
    fn an_address_is_read_as_the_driver_reads_it() {
        let read = variables("postgres://me:p%40ss+%25%2f@db.example:5433/the%20db?sslmode=verify-full&ssl-ca=/ca.pem");
        let expected = [
            ("PGDATABASE", "the db"),
            ("PGHOST", "db.example"),
            ("PGPASSWORD", "p@ss+%/"),
            ("PGPORT", "5433"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
            ("PGUSER", "me"),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name, value.to_owned())));
        let read = variables("postgres://me@localhost/d?host=/run/pg&options[search_path]=a&options=-c%20x=1");
        assert!(read.contains(&("PGHOST", "/run/pg".to_owned())), "{read:?}");
        assert!(read.contains(&("PGOPTIONS", "-c search_path=a -c x=1".to_owned())), "{read:?}");
    }

    #[test]
    fn a_password_is_taken_out_of_what_a_program_says() {
        let address = Address::read("postgres://me:hunter2@localhost/d").unwrap();
        assert_eq!(address.hide("auth failed for hunter2"), "auth failed for ***");
    }
}
