//! The list of a server's scopes: search, filter and pages. Owns what this one list finds.

use axum::http::StatusCode;

use super::{Scope, View};
use crate::{
    call::Call,
    paging::{self, LARGEST_PAGE},
    state::Org,
    wire::{Answer, Outcome, Refusal},
};

/// Paged as the spec has it; the whole list has no `Link` (recorded).
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let limit = paging::limit(&call.query)?.unwrap_or(LARGEST_PAGE);
    // Searched is the name (spec). Inferred: anywhere in it, whatever the case.
    let needle = call.query.get("q").map(str::to_lowercase);
    let filter = call.query.get("filter").map(Filter::parse).transpose()?;
    let matching = server.scopes.iter().filter(|scope| {
        needle.as_deref().is_none_or(|text| scope.name.to_lowercase().contains(text))
            && filter.as_ref().is_none_or(|filter| filter.matches(scope))
    });
    let page = paging::page(matching.collect(), call.query.get("after"), limit, |scope: &Scope| &scope.id)?;
    let last = page.rows.last().filter(|_| page.more).map(|scope| scope.id.as_str());
    let address = format!("{}/scopes", server.href(call.base));
    let links = paging::links_if_paged(&address, &call.query, &["filter", "q"], last, limit);
    let views: Vec<View<'_>> = page.rows.iter().map(|scope| View::new(server, scope, call)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// A filter expression. The spec says no more than that there is one; inferred: one comparison of the name, in the form
/// other lists of the vendor have, `name eq "value"`.
struct Filter {
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy)]
enum Operator {
    Equals,
    StartsWith,
    Contains,
}

impl Filter {
    fn parse(text: &str) -> Result<Filter, Refusal> {
        let refusal = || {
            Refusal::validation("filter", vec![String::from("filter: The expression must be like: name eq \"value\"")])
        };
        let mut parts = text.trim().splitn(3, ' ');
        let (Some("name"), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refusal());
        };
        let operator = match operator {
            "eq" => Operator::Equals,
            "sw" => Operator::StartsWith,
            "co" => Operator::Contains,
            _ => return Err(refusal()),
        };
        let value = value.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(refusal)?;
        if value.contains('"') {
            return Err(refusal());
        }
        Ok(Filter { operator, value: value.to_owned() })
    }

    fn matches(&self, scope: &Scope) -> bool {
        match self.operator {
            Operator::Equals => scope.name == self.value,
            Operator::StartsWith => scope.name.starts_with(&self.value),
            Operator::Contains => scope.name.contains(&self.value),
        }
    }
}
