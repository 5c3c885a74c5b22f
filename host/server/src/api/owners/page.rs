//! The page's texts. Whatever somebody else has written passes through [`Escaped`].

use std::fmt;

use super::proof::Site;

/// How the page looks.
pub(super) const STYLE: &str = "\
:root { color-scheme: light dark; font: 1.05rem/1.55 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { line-height: 1.2; }
label { display: block; font-weight: 600; margin-bottom: .3rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem; }
button { font: inherit; margin-top: 1rem; padding: .7rem 1.2rem; min-height: 2.75rem; }
:focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px; }
code { overflow-wrap: anywhere; }
pre { padding: .8rem; border: 1px solid; white-space: pre-wrap; overflow-wrap: anywhere; }
[role=alert], [role=status] { border-left: .4rem solid #b3261e; padding: .4rem .8rem; }
[role=status] { border-color: #1e7b34; }
";

/// What came of a check that did not end well.
pub(super) enum Said {
    /// There were too many.
    TooOften,
    /// There is no room for it now, or the denial could not be stored.
    Busy,
    /// The line was not found, and why.
    Unproved(String),
}

/// A text that somebody else has written, as HTML shows it.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_control() && c != '\n' => f.write_str("\u{fffd}")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/site-owners/style.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n\
         </body>\n</html>\n"
    )
}

/// The first page, with what was wrong with the form, if anything was.
pub(super) fn front(wrong: Option<&str>) -> String {
    let alert = wrong.map(|why| format!("<p role=\"alert\">{}</p>\n", Escaped(why))).unwrap_or_default();
    let body = format!(
        "{alert}<p>Customers of this gateway have CAPTCHAs solved. If a site is yours and you do not want that to happen on \
         it, you can have it refused here, for everybody and at once. You prove that it is yours by publishing a file on it. \
         Nothing about you is asked.</p>\n\
         <form method=\"post\" action=\"/site-owners\">\n<label for=\"domain\">Your domain</label>\n\
         <input id=\"domain\" name=\"domain\" type=\"text\" inputmode=\"url\" autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\" maxlength=\"253\" placeholder=\"example.com\" required>\n\
         <button type=\"submit\">Show the file to publish</button>\n</form>\n\
         <p>Everything below the domain is refused with it: <code>example.com</code> stands for \
         <code>www.example.com</code>, too.</p>\n"
    );
    whole("For owners of websites", &body)
}

/// What to publish and the button that asks for the check; with what came of the last one, if there was one.
pub(super) fn line(site: &Site, line: &str, said: Option<&Said>) -> String {
    let alert = match said {
        None => String::new(),
        Some(Said::TooOften) => {
            alert("There were too many checks of this domain, or from your address. Please try again in a minute.")
        }
        Some(Said::Busy) => alert("The check cannot be made at the moment. Please try again in a minute."),
        Some(Said::Unproved(why)) => alert(why),
    };
    let (host, url, line) = (Escaped(&site.host), site.proof_url(), Escaped(line));
    let url = Escaped(&url);
    let body = format!(
        "{alert}<p>Publish a text file with this line, at this address, over HTTPS and without a redirect:</p>\n\
         <pre><code>{line}</code></pre>\n<p><code>{url}</code></p>\n\
         <form method=\"post\" action=\"/site-owners/check\">\n<input type=\"hidden\" name=\"domain\" value=\"{url}\">\n\
         <button type=\"submit\">Check now, and refuse {host}</button>\n</form>\n\
         <p>The line is the same whenever you come back. You can take the file away once the domain is refused. It is \
         looked for by this file only, not by a DNS record.</p>\n<p><a href=\"/site-owners\">Another domain</a></p>\n"
    );
    whole(&format!("Prove that {host} is yours"), &body)
}

fn alert(text: &str) -> String {
    format!("<p role=\"alert\">{}</p>\n", Escaped(text))
}

/// What the owner sees when the site is denied.
pub(super) fn denied(site: &Site) -> String {
    let host = Escaped(&site.host);
    let body = format!(
        "<p role=\"status\">The line was found. From now on this gateway refuses every task for <strong>{host}</strong> and \
         what is below it.</p>\n<p>The operator can see that you have asked for it. To undo it, write to the operator.</p>\n\
         <p><a href=\"/site-owners\">Another domain</a></p>\n"
    );
    whole(&format!("{host} is refused"), &body)
}

#[cfg(test)]
mod tests {
    use super::{Escaped, front, line};
    use crate::api::owners::proof::Site;

    #[test]
    fn what_others_write_is_text_and_no_markup() {
        let escaped = Escaped("<script>\"a\" & 'b'</script>\u{0}").to_string();
        assert_eq!(escaped, "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\u{fffd}");
        assert!(!front(Some("<img src=x>")).contains("<img"));
    }

    #[test]
    fn the_page_can_be_used_from_a_keyboard_and_on_a_phone() {
        let page = front(None);
        assert!(page.contains("<label for=\"domain\">") && page.contains("id=\"domain\""));
        assert!(page.contains("width=device-width") && page.contains("lang=\"en\"") && !page.contains("<script"));
        let site = Site::read("example.com", false).unwrap();
        let page = line(&site, "capstan-site-owner=x", None);
        assert!(page.contains("https://example.com/.well-known/capstan-site-owner.txt"), "{page}");
        assert!(page.contains("type=\"submit\"") && !page.contains("<script"), "{page}");
    }
}
