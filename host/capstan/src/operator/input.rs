//! What verbs read: secrets from standard input, files of prices and tasks.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use capstan_server::operate::{PriceLine, SurchargeLine};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

/// Longest that a credential may be, as typed.
const MOST_SECRET_BYTES: u64 = 64 * 1024;

/// A credential's fields from standard input. A single line without `=` is the only field, whatever it is called: the
/// gateway knows its name. A key with `=` in it is written `FIELD=KEY`.
#[expect(clippy::print_stderr, reason = "a question to whoever sits at the terminal")]
pub(super) fn secret_fields() -> Result<BTreeMap<String, String>> {
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        eprintln!("Paste the credential, then press Enter:");
        std::io::stdin().read_line(&mut text)?;
    } else {
        std::io::stdin().take(MOST_SECRET_BYTES).read_to_string(&mut text)?;
    }
    fields_of(&text, "standard input")
}

/// The same from a file; - is standard input.
pub(crate) fn secret_fields_in(path: &Path) -> Result<BTreeMap<String, String>> {
    fields_of(&read(path)?, &path.display().to_string())
}

fn fields_of(text: &str, from: &str) -> Result<BTreeMap<String, String>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { bail!("the credential is read from {from}, which is empty") };
    let mut fields = BTreeMap::new();
    for line in std::iter::once(first).chain(lines) {
        let (name, value) = line.split_once('=').unwrap_or(("", line));
        if fields.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
            bail!("the credential has several lines; write each as FIELD=VALUE");
        }
    }
    Ok(fields)
}

/// A file with one JSON object.
pub(crate) fn json_object(path: &Path) -> Result<Map<String, Value>> {
    let text = read(path)?;
    serde_json::from_str(&text).with_context(|| format!("{} must hold a JSON object", path.display()))
}

/// A price book: TOML where the name says so, else CSV.
pub(super) fn price_lines(path: &Path) -> Result<Vec<PriceLine>> {
    let text = read(path)?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        return price_rules(&text).with_context(|| format!("{} cannot be taken", path.display()));
    }
    csv_lines(path, &text)
}

/// A price book as TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    #[serde(default)]
    rule: Vec<Spanned<PriceLine>>,
}

fn price_rules(text: &str) -> Result<Vec<PriceLine>> {
    let line_at = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let book: Book = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| format!("line {}: ", line_at(span.start))).unwrap_or_default();
        anyhow!("{line}{}", error.message())
    })?;
    let of = |rule: Spanned<PriceLine>| {
        let line = Some(line_at(rule.span().start));
        PriceLine { line, ..rule.into_inner() }
    };
    Ok(book.rule.into_iter().map(of).collect())
}

/// A surcharge as it is typed: when, a colon, and how much.
pub(super) fn surcharge(text: &str) -> Result<SurchargeLine> {
    let (when, add) = text.rsplit_once(':').with_context(|| format!("surcharge: {text:?} is not WHEN: ADD"))?;
    Ok(SurchargeLine { when: when.trim().to_owned(), add: add.trim().to_owned() })
}

/// A price book as CSV: provider,family,pool,price and, for the community pool, the share in basis points. A first line
/// with these names, empty lines and lines that begin with # are passed over.
fn csv_lines(path: &Path, text: &str) -> Result<Vec<PriceLine>> {
    let kept = |(_, line): &(usize, &str)| {
        !line.is_empty() && !line.starts_with('#') && !line.to_ascii_lowercase().starts_with("provider,")
    };
    let lines = text.lines().map(str::trim).enumerate().filter(kept);
    let read = |(index, line): (usize, &str)| {
        let read = price_line(line).with_context(|| format!("{}:{}", path.display(), index + 1));
        read.map(|rule| PriceLine { line: Some(index + 1), ..rule })
    };
    lines.map(read).collect()
}

fn price_line(line: &str) -> Result<PriceLine> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let (cells, share) = match cells.as_slice() {
        [provider, family, pool, price] => ([provider, family, pool, price], "0"),
        [provider, family, pool, price, share] => ([provider, family, pool, price], *share),
        _ => bail!("a line is provider,family,pool,price[,share_bp], not {} cells", cells.len()),
    };
    let [provider, family, pool, price] = cells.map(|cell| (*cell).to_owned());
    let share_bp = share.parse().with_context(|| format!("share_bp is {share:?}: it must be 0 to 10000"))?;
    let (minimum, billing, surcharges, line) = (None, None, Vec::new(), None);
    Ok(PriceLine { provider, family, pool, price, share_bp, minimum, billing, surcharges, line })
}

fn read(path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A path as a gateway understands it that was started elsewhere.
pub(super) fn whole_path(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
    whole.into_os_string().into_string().map_err(|path| anyhow!("the path {} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{fields_of, price_line, price_rules, surcharge};

    #[test]
    fn a_lone_line_is_the_only_field_and_others_are_named() {
        assert_eq!(fields_of("  CAP-123 \n", "").unwrap()[""], "CAP-123");
        let fields = fields_of("login=me\npassword=a=b\n", "").unwrap();
        assert_eq!((fields["login"].as_str(), fields["password"].as_str()), ("me", "a=b"));
        assert!(fields_of("\n", "").is_err() && fields_of("one\ntwo\n", "").is_err());
    }

    #[test]
    fn rules_are_read_with_their_lines_and_a_slip_is_named_with_its_line() {
        let text = "# ours\n\n[[rule]]\nprice = \"list+25%\"\n\n[[rule]]\nfamily = \"hcaptcha\"\nprice = \"0.002\"\n\
                    surcharges = [{ when = \"isEnterprise = true\", add = \"20%\" }]\n";
        let rules = price_rules(text).unwrap();
        let [every, own] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!((every.provider.as_str(), every.family.as_str(), every.pool.as_str()), ("*", "*", "both"));
        assert_eq!((every.line, own.line), (Some(3), Some(6)));
        assert_eq!(own.surcharges.first().unwrap().add, "20%");
        for (slip, said) in [
            ("[[rule]]\nprice = \"1\"\nprize = \"2\"\n", "line 3: unknown field `prize`"),
            ("[[rule]]\nprice = 1\n", "line 2: invalid type: integer `1`, expected a string"),
            ("[[rule]]\npool = \"both\"\n", "line 1: missing field `price`"),
            ("rules = 1\n", "line 1: unknown field `rules`"),
        ] {
            let complaint = price_rules(slip).unwrap_err().to_string();
            assert!(complaint.starts_with(said), "{complaint}");
        }
        assert_eq!(surcharge("minScore >= 0.7: 20%").unwrap().when, "minScore >= 0.7");
        assert!(surcharge("minScore >= 0.7").is_err());
    }

    #[test]
    fn a_price_line_has_four_or_five_cells() {
        let line = price_line("capsolver, recaptcha_v2, community, 0.001, 8000").unwrap();
        assert_eq!((line.price.as_str(), line.share_bp), ("0.001", 8000));
        assert_eq!(price_line("a,b,platform,1").unwrap().share_bp, 0);
        for bad in ["a,b,c", "a,b,c,1,x", "a,b,c,1,2,3"] {
            assert!(price_line(bad).is_err(), "{bad}");
        }
    }
}
