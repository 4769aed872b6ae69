//! The frame of every page that is written: one file without a network, a theme, a header with links to its parts.
//!
//! The content security policy lets in the page's own style and script, by their hashes, and nothing else: no request, no form, no inline
//! attribute, and (through trusted types) no markup that a script makes of a text.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use super::{
    outcome::class,
    text::{Data, visible},
};
use crate::event::Tone;

const STYLE: &str = include_str!("frame.css");
const SCRIPT: &str = include_str!("frame.js");

/// A page to be written.
pub(in crate::report) struct Page<'a> {
    /// Without markup; shown in the tab and as the name of a bookmark.
    pub(in crate::report) title: &'a str,
    /// What the mark in its head and its icon say.
    pub(in crate::report) tone: Tone,
    /// The parts of the page: the ID of each and its name, in order.
    pub(in crate::report) parts: &'a [(&'a str, String)],
    /// The page's own style, after that of the frame.
    pub(in crate::report) style: &'a str,
    /// The page's own script, after that of the frame; it finds [`Self::data`] in the element `data`.
    pub(in crate::report) script: &'a str,
    pub(in crate::report) data: Option<Data>,
    /// What stands in `main`.
    pub(in crate::report) main: Markup,
}

impl Page<'_> {
    /// The whole document.
    pub(in crate::report) fn document(&self) -> Markup {
        let style = format!("{STYLE}{}", self.style);
        let script = format!("{SCRIPT}{}", self.script);
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            hash(&style),
            hash(&script)
        );
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) }
                    link rel="icon" href=(icon(self.tone));
                    style { (PreEscaped(&style)) }
                }
                body {
                    a .skip href="#main" { "Skip to the content" }
                    header .bar {
                        a .brand href="#main" { span .mark .(class(self.tone)) aria-hidden="true" {} "okta-conformance" }
                        nav aria-label="Parts of this report" {
                            ul {
                                @for (id, name) in self.parts {
                                    li { a href={ "#" (id) } { (name) } }
                                }
                            }
                        }
                        button #theme .needs-script type="button" aria-label="Theme: as the system" { "Theme" }
                    }
                    main #main tabindex="-1" { (visible(&self.main)) }
                    @if let Some(data) = &self.data { (data.element()) }
                    script { (PreEscaped(&script)) }
                }
            }
        }
    }
}

/// A part of a page under its title, with a sentence that says what stands in it.
pub(super) fn section(id: &str, title: &str, lead: impl Render, body: &Markup) -> Markup {
    html! {
        section #(id) aria-labelledby={ (id) "-title" } {
            h2 #{ (id) "-title" } { (title) }
            p .lead { (lead) }
            (body)
        }
    }
}

/// A table that scrolls by itself, named by the title of the section that it stands in.
pub(super) fn scroll(section: &str, tall: bool, table: &Markup) -> Markup {
    html! { div .scroll.tall[tall] tabindex="0" role="region" aria-labelledby={ (section) "-title" } { (table) } }
}

/// The headings of a table's columns, each with whether numbers stand below it.
pub(super) fn heads(columns: &[(&str, bool)]) -> Markup {
    html! { @for (name, number) in columns { th class=[number.then_some("number")] scope="col" { (name) } } }
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

fn icon(tone: Tone) -> String {
    let color = match tone {
        Tone::Good => "%231a7f37",
        Tone::Bad => "%23c0232c",
        Tone::Broken | Tone::Warn | Tone::Idle => "%238a2fa8",
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='{color}'/%3E%3C/svg%3E"
    )
}
