//! A page as its elements, and what must be so on every page: enough of HTML for pages that the gateway writes itself.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail, ensure};

/// Elements that have no end.
const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];

/// A page.
#[derive(Debug, Default)]
pub struct Html {
    /// Every id.
    pub ids: HashSet<String>,
    /// Where its links lead.
    pub links: Vec<String>,
    elements: Vec<String>,
}

impl Html {
    /// Reads a page.
    ///
    /// # Errors
    /// Where elements are not closed in order, an attribute has no quotes, or an id is there twice.
    pub fn read(text: &str) -> Result<Self> {
        let (mut page, mut open) = (Self::default(), Vec::<&str>::new());
        let mut rest = text.strip_prefix("<!DOCTYPE html>").context("no doctype")?;
        while let Some((_, after)) = rest.split_once('<') {
            let (tag, next) = after.split_once('>').context("an element without its end")?;
            rest = next;
            if let Some(name) = tag.strip_prefix('/') {
                ensure!(open.pop() == Some(name), "</{name}> closes what is not open, after {open:?}");
                continue;
            }
            let (name, attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
            page.element(name, attributes)?;
            if name == "style" {
                rest = next.split_once("</style>").context("a style without its end")?.1;
            } else if !VOID.contains(&name) {
                open.push(name);
            }
        }
        ensure!(open.is_empty(), "left open: {open:?}");
        Ok(page)
    }

    fn element(&mut self, name: &str, attributes: &str) -> Result<()> {
        self.elements.push(name.to_owned());
        let mut rest = attributes.trim().trim_end_matches('/');
        while let Some((attribute, value)) = rest.split_once("=\"") {
            let (value, next) = value.split_once('"').context("an attribute without its end")?;
            // Attributes without a value stand before it.
            match (name, attribute.rsplit(' ').next().unwrap_or_default()) {
                (_, "id") => ensure!(self.ids.insert(value.to_owned()), "the id {value} is there twice"),
                ("a", "href") | ("form", "action") => self.links.push(value.replace("&amp;", "&")),
                (_, event) if event.starts_with("on") => bail!("a script in {event}"),
                _ => {}
            }
            rest = next.trim_start();
        }
        Ok(())
    }

    fn count(&self, name: &str) -> usize {
        self.elements.iter().filter(|element| *element == name).count()
    }

    /// Checks what a reader without eyes, mouse or scripts needs: the landmarks once each, one heading of the first level,
    /// none that skips a level, a way to skip the navigation.
    ///
    /// # Errors
    /// The first that is missing.
    pub fn check(&self) -> Result<()> {
        for landmark in ["html", "header", "main", "footer", "h1", "title"] {
            ensure!(self.count(landmark) == 1, "{} of {landmark}", self.count(landmark));
        }
        ensure!(self.count("script") == 0 && self.count("img") == 0, "something that is loaded or run");
        ensure!(
            self.links.first().is_some_and(|link| link == "#content"),
            "the first link is {:?}",
            self.links.first()
        );
        let mut level = 0;
        for heading in self.elements.iter().filter_map(|name| name.strip_prefix('h')?.parse::<u32>().ok()) {
            ensure!(heading <= level + 1, "h{heading} after h{level}");
            level = heading;
        }
        Ok(())
    }
}
