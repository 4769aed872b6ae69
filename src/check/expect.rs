//! What a step expects beside the contract: status, error code, body, headers, links.

use serde_json::Value;

use super::{False, Verdict, contract::header_text};
use crate::{
    brief::{brief, shorten},
    diagnostic::Span,
    event::CheckKind,
    http::Answer,
    matcher::{Finding, Matcher},
    plan::{Expect, ExpectedBody, Step},
    suite::Contract,
    template::{Unfilled, Variables},
};

struct Judge<'a> {
    answer: &'a Answer,
    step: &'a Step,
    variables: &'a Variables,
    verdict: Verdict,
}

/// Whether the status is one that the step expects. This check comes first: when it is false, nothing else about the body was meant.
pub(crate) fn judge_status(answer: &Answer, step: &Step, contract: &Contract) -> Verdict {
    let mut verdict = Verdict::default();
    let expect = &step.expect;
    if expect.status.is_empty() {
        return verdict;
    }
    verdict.count(&CheckKind::Status, step.level);
    if expect.status.contains(&answer.status) {
        return verdict;
    }
    let mut requirements = step.requirements.to_vec();
    let mut actual = answer.status.to_string();
    if let Some(operation) = step.request.operation()
        && !operation.documents(answer.status)
    {
        requirements.push(contract.status.clone());
        actual.push_str(", which this operation does not document");
    }
    if let Some(error) = error_summary(answer) {
        actual = format!("{actual} ({error})");
    }
    verdict.falses.push(False {
        check: CheckKind::Status,
        level: step.level,
        requirements,
        span: Some(expect.status_span),
        pointer: None,
        expected: expect.status.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
        actual,
    });
    verdict
}

fn error_summary(answer: &Answer) -> Option<String> {
    let body = answer.json().ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(shorten);
    match (text("errorCode"), text("errorSummary")) {
        (Some(code), Some(summary)) => Some(format!("{code}: {summary}")),
        (Some(code), None) => Some(code),
        _ => None,
    }
}

/// Everything that a step expects of an answer with an expected status.
///
/// # Errors
/// A variable without a value.
pub(crate) fn judge_expectations(
    answer: &Answer,
    step: &Step,
    contract: &Contract,
    variables: &Variables,
) -> Result<Verdict, Unfilled> {
    let mut judge = Judge { answer, step, variables, verdict: Verdict::default() };
    let expect = &step.expect;
    judge.error(expect, contract);
    judge.body(expect)?;
    judge.schema(expect);
    judge.headers(expect)?;
    judge.links(expect)?;
    Ok(judge.verdict)
}

impl Judge<'_> {
    fn find(&mut self, check: CheckKind, span: Span, pointer: Option<String>, expected: String, actual: String) {
        self.verdict.falses.push(False {
            check,
            level: self.step.level,
            requirements: self.step.requirements.to_vec(),
            span: Some(span),
            pointer,
            expected,
            actual,
        });
    }

    fn count(&mut self, check: &CheckKind) {
        self.verdict.count(check, self.step.level);
    }

    fn error(&mut self, expect: &Expect, contract: &Contract) {
        let Some(error) = &expect.error else { return };
        self.count(&CheckKind::ErrorCode);
        let actual = self.answer.json().ok().and_then(|body| body.get("errorCode"));
        if !error.codes.iter().any(|code| actual.and_then(Value::as_str) == Some(code)) {
            let actual = actual.map_or_else(|| "no errorCode".to_owned(), brief);
            self.find(
                CheckKind::ErrorCode,
                error.span,
                Some("/errorCode".to_owned()),
                error.codes.join(" or "),
                actual,
            );
        }
        // A call implies the error form already.
        if self.step.request.operation().is_none() {
            self.fits(&contract.error_schema, error.span);
        }
    }

    fn body(&mut self, expect: &Expect) -> Result<(), Unfilled> {
        match &expect.body {
            ExpectedBody::Unsaid => {}
            ExpectedBody::Empty(span) => {
                self.count(&CheckKind::Body);
                if !self.answer.body.is_empty() {
                    self.find(CheckKind::Body, *span, None, "no body".to_owned(), shorten(&self.answer.text()));
                }
            }
            ExpectedBody::Match(matcher) => {
                self.verdict.checks.count(self.step.level);
                matcher.leaves(&mut |place, _| self.verdict.made.push(&CheckKind::Body, place));
                match self.answer.json() {
                    Ok(value) => self.matcher(matcher, Some(value))?,
                    Err(reason) => {
                        self.find(CheckKind::Body, matcher.span, None, "a JSON body".to_owned(), reason.to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    fn matcher(&mut self, matcher: &Matcher, value: Option<&Value>) -> Result<(), Unfilled> {
        let findings = matcher.judge(value, self.variables)?;
        self.verdict.left_out += findings.left_out;
        for Finding { span, pointer, expected, actual } in findings.told {
            self.find(CheckKind::Body, span, Some(pointer), expected, actual);
        }
        Ok(())
    }

    fn schema(&mut self, expect: &Expect) {
        if let Some((schema, span)) = &expect.schema {
            self.fits(schema, *span);
        }
    }

    fn fits(&mut self, schema: &crate::schema::Schema, span: Span) {
        self.count(&CheckKind::Schema);
        match self.answer.json() {
            Ok(value) => {
                let judgement = schema.judge(value);
                self.verdict.left_out += judgement.left_out;
                for mismatch in judgement.mismatches {
                    self.find(CheckKind::Schema, span, Some(mismatch.pointer), mismatch.expected, mismatch.actual);
                }
                self.verdict.drift.extend(judgement.drift);
            }
            Err(reason) => {
                let expected = format!("JSON that fits the schema {}", schema.name);
                self.find(CheckKind::Schema, span, None, expected, reason.to_owned());
            }
        }
    }

    fn headers(&mut self, expect: &Expect) -> Result<(), Unfilled> {
        for (name, matcher) in &expect.headers {
            let check = CheckKind::Header(name.as_str().into());
            self.count(&check);
            let value = self.answer.header(name).map(Value::from);
            for finding in matcher.judge(value.as_ref(), self.variables)?.told {
                self.find(check.clone(), finding.span, None, finding.expected, header_text(finding.actual));
            }
        }
        Ok(())
    }

    fn links(&mut self, expect: &Expect) -> Result<(), Unfilled> {
        if expect.links.is_empty() {
            return Ok(());
        }
        let links = self.answer.links();
        for (relation, matcher) in &expect.links {
            let check = CheckKind::Link(relation.as_str().into());
            self.count(&check);
            let value = links.target(relation).map(|target| Value::String(target.to_owned()));
            for finding in matcher.judge(value.as_ref(), self.variables)?.told {
                let actual = if value.is_none() { "no such link".to_owned() } else { finding.actual };
                self.find(check.clone(), finding.span, None, finding.expected, actual);
            }
        }
        Ok(())
    }
}
