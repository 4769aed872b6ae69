//! Whether and how a step repeats its request.

use super::{Repetition, expect};
use crate::{
    duration,
    yaml::{Fields, Node, Problems},
};

/// What stands for the time that a change of the configuration takes on the target, as its settings say it.
const EFFECT: &str = "effect";

/// The repetition that a step asks for; of one that is wrong, none.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems<'_>) -> Repetition {
    let eventually = fields.optional("eventually");
    let repeat = fields.optional("repeat");
    let paginate = fields.optional("paginate");
    let given: Vec<&Node> = [eventually, repeat, paginate].into_iter().flatten().collect();
    if let [_, second, ..] = given.as_slice() {
        let help = "keep one of `eventually`, `repeat` and `paginate`";
        problems.at_with(second.span, "a step can repeat in only one way", help);
    }
    if let Some(node) = eventually {
        let text = problems.text(node, "eventually");
        if text == Some(EFFECT) {
            return Repetition::Eventually(None);
        }
        return match text.map(duration::parse) {
            Some(Ok(duration)) => Repetition::Eventually(Some(duration)),
            Some(Err(message)) => {
                let help = "`eventually: effect` waits for as long as the settings of the target say";
                problems.at_with(node.span, message, help);
                Repetition::Once
            }
            None => Repetition::Once,
        };
    }
    if let Some(node) = repeat
        && let Some(mut fields) = Fields::of(node, "repeat", problems)
    {
        let max = fields.required("max", problems).and_then(|node| at_least_one(node, problems));
        let status = fields.required("until", problems).and_then(|node| expect::read_status(node, problems));
        fields.finish(problems);
        return match (max, status) {
            (Some(max), Some(status)) => Repetition::Until { max, status },
            _ => Repetition::Once,
        };
    }
    if let Some(node) = paginate
        && let Some(mut fields) = Fields::of(node, "paginate", problems)
    {
        let max = fields.required("max", problems).and_then(|node| at_least_one(node, problems));
        fields.finish(problems);
        return max.map_or(Repetition::Once, |max| Repetition::Pages { max });
    }
    Repetition::Once
}

fn at_least_one(node: &Node, problems: &mut Problems<'_>) -> Option<u64> {
    let max = problems.integer(node, "max")?;
    if max == 0 {
        problems.at(node.span, "`max` must be 1 or more");
    }
    Some(max)
}
