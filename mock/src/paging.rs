//! Pages of a list: size, cursor and `Link` headers. Owns their rules, which are the same for all lists that have
//! pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{call::Query, wire::Refusal};

/// Default where there is one, and maximum everywhere (docs).
pub(super) const LARGEST_PAGE: usize = 200;

/// Characters that RFC 3986 calls unreserved stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The page size that was asked for. Inferred: one above the maximum is cut down to it, anything but a positive number
/// is refused. -1 is as good as none: the service itself puts it into links (recorded) and has it as a default (spec).
pub(super) fn limit(query: &Query) -> Result<Option<usize>, Refusal> {
    let Some(text) = query.get("limit") else {
        return Ok(None);
    };
    match text.parse::<i128>() {
        Ok(-1) => Ok(None),
        Ok(limit @ 1..) => Ok(Some(usize::try_from(limit).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE))),
        Ok(_) | Err(_) => {
            let cause = String::from("limit: The value must be a positive integer");
            Err(Refusal::validation("limit", vec![cause]))
        }
    }
}

/// One page of the rows, in their order. `after` is the id of the last row of the page before (recorded for servers).
/// Inferred: a cursor that names no row is refused.
pub(super) fn page<'r, R>(
    rows: Vec<&'r R>,
    after: Option<&str>,
    limit: usize,
    id: impl Fn(&R) -> &str,
) -> Result<Page<'r, R>, Refusal> {
    let start = match after {
        None => 0,
        Some(cursor) => rows.iter().position(|row| id(row) == cursor).ok_or(Refusal::INVALID_PAGING)? + 1,
    };
    let mut rest = rows;
    rest.drain(..start);
    let more = rest.len() > limit;
    rest.truncate(limit);
    Ok(Page { rows: rest, more })
}

/// Rows of a page, and whether there are rows behind it.
pub(super) struct Page<'r, R> {
    pub(super) rows: Vec<&'r R>,
    pub(super) more: bool,
}

/// A value of a `Link` header. Parameters are in alphabetical order (recorded), so they have to be given so.
pub(super) fn link(address: &str, parameters: &[(&str, Option<&str>)], relation: &str) -> String {
    let mut href = String::from(address);
    let mut separator = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            href.push(separator);
            href.push_str(name);
            href.push('=');
            href.extend(utf8_percent_encode(value, RESERVED));
            separator = '&';
        }
    }
    format!("<{href}>; rel=\"{relation}\"")
}

/// The links of a list that tells of pages only when it has to: without a `limit` or `after` and with all rows on the
/// page, there are none (recorded: never a `Link` on scopes). Otherwise as the list of servers has them (inferred).
pub(super) fn links_if_paged(
    address: &str,
    query: &Query,
    kept: &[&str],
    last: Option<&str>,
    limit: usize,
) -> Vec<String> {
    let asked = query.get("after").is_some() || limit_was_sent(query);
    if !asked && last.is_none() {
        return Vec::new();
    }
    let limit = limit.to_string();
    let link = |after: Option<&str>, relation| {
        let mut parameters = vec![("after", after), ("limit", Some(limit.as_str()))];
        parameters.extend(kept.iter().map(|name| (*name, query.get(name))));
        parameters.sort_unstable_by_key(|(name, _)| *name);
        self::link(address, &parameters, relation)
    };
    let mut links = vec![link(query.get("after"), "self")];
    links.extend(last.map(|last| link(Some(last), "next")));
    links
}

fn limit_was_sent(query: &Query) -> bool {
    query.get("limit").is_some_and(|limit| limit != "-1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_are_the_list_cut_up(count in 0..50_usize, limit in 1..20_usize) {
            let rows: Vec<String> = (0..count).map(|number| format!("row{number}")).collect();
            let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
            loop {
                let page = page(rows.iter().collect(), after.as_deref(), limit, String::as_str).map_err(|_| ()).expect("a page");
                prop_assert!(page.rows.len() == limit || !page.more, "only the last page is short");
                seen.extend(page.rows.into_iter().cloned());
                pages += 1;
                if !page.more {
                    break;
                }
                after = seen.last().cloned();
            }
            prop_assert_eq!(&seen, &rows);
            prop_assert_eq!(pages, count.div_ceil(limit).max(1), "no page is empty but that of an empty list");
        }
    }
}
