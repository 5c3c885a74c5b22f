//! A PostgreSQL address as its programs take it: in variables, since everybody on the machine can read a command line.

use std::path::Path;

use tokio::process::Command;
use url::Url;

use crate::StoreError;

/// The variable that names the file of authorities.
const ROOTS: &str = "PGSSLROOTCERT";

/// Where systems keep the certificates of public authorities.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

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
        #[expect(
            clippy::disallowed_methods,
            reason = "PostgreSQL's own variables, which its programs and the driver read"
        )]
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        command.envs(self.public_authorities(environment, |path| Path::new(path).is_file()).map(|path| (ROOTS, path)));
    }

    /// The file of authorities, where the server's certificate is to be verified and nobody says by which: the driver has the
    /// public ones compiled in, and PostgreSQL's programs would ask for a file that nobody needs for the gateway.
    fn public_authorities(
        &self,
        environment: impl Fn(&str) -> Option<String>,
        is_file: impl Fn(&str) -> bool,
    ) -> Option<&'static str> {
        let of_address = |name| self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let said = |name| of_address(name).or_else(|| environment(name));
        let own = environment("HOME").is_some_and(|home| is_file(&format!("{home}/.postgresql/root.crt")));
        if own || said(ROOTS).is_some() || !said("PGSSLMODE").is_some_and(|mode| mode.starts_with("verify-")) {
            return None;
        }
        BUNDLES.into_iter().find(|path| is_file(path))
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
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => ROOTS,
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
    fn a_server_is_verified_by_the_public_authorities_where_none_are_named() {
        let address = |query: &str| Address::read(&format!("postgres://me@db.example/d{query}")).unwrap();
        let nothing = |_: &str| None;
        let bundle = |path: &str| path == "/etc/ssl/cert.pem";
        let verifying = address("?sslmode=verify-full");
        assert_eq!(verifying.public_authorities(nothing, bundle), Some("/etc/ssl/cert.pem"));
        assert_eq!(verifying.public_authorities(nothing, |_| false), None);
        let of_environment = |name: &str| (name == "PGSSLMODE").then(|| "verify-ca".to_owned());
        assert_eq!(address("").public_authorities(of_environment, bundle), Some("/etc/ssl/cert.pem"));
        // Whoever names one, or keeps one where PostgreSQL's programs look for it, means that one.
        assert_eq!(address("?sslmode=require").public_authorities(nothing, bundle), None);
        assert_eq!(address("?sslmode=verify-full&sslrootcert=/a").public_authorities(nothing, bundle), None);
        let named = |name: &str| (name == "PGSSLROOTCERT").then(|| "/a".to_owned());
        assert_eq!(verifying.public_authorities(named, bundle), None);
        let at_home = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        assert_eq!(verifying.public_authorities(at_home, |path| path == "/home/me/.postgresql/root.crt"), None);
    }

    #[test]
    fn a_password_is_taken_out_of_what_a_program_says() {
        let address = Address::read("postgres://me:hunter2@localhost/d").unwrap();
        assert_eq!(address.hide("auth failed for hunter2"), "auth failed for ***");
    }
}
