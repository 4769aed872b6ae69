//! Kills and lost answers at random places: whatever happens, after a sweep the org is what it was at the start, and what a person has that is
//! named almost as a run's is untouched.
//!
//! `CHAOS_SEED=7 CHAOS_ROUNDS=40 cargo test --test cli -- --ignored --nocapture chaos` plays other rounds than those of the default.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{
    gateway::{Call, Fate, Gateway, Manner},
    org::{ALL, Org, Wrong, ledgers, run_to_be_killed, sweep, target},
    support::{Place, signal},
};

/// Cases that make servers and what belongs to them, all seven kinds, in some two hundred requests.
const PART: [&str; 6] = [
    "policies/delete",
    "rules/lifecycle",
    "associated-servers/*/a*",
    "scopes/delete",
    "claims/delete",
    "resource-server-keys/keys/a*",
];

/// The operations that make things, by the last segments of their paths.
const CREATES: [&str; 7] = [
    "authorizationServers",
    "scopes",
    "claims",
    "policies",
    "rules",
    "associatedServers",
    "resourceservercredentials/keys",
];

fn creates(call: &Call<'_>) -> Option<&'static str> {
    let post = call.request.method == "POST";
    CREATES.into_iter().find(|end| post && call.path().ends_with(&format!("/{end}")))
}

/// What happens in a round beside the answers that are lost at random.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// Nothing, and no answer is lost.
    Nothing,
    /// The run is killed at this request.
    Kill(usize),
    /// The answer to this one of the creates of a kind is lost.
    Lose(&'static str, usize),
}

struct Round {
    gateway: Gateway,
    victim: Arc<OnceLock<u32>>,
    /// No answer is lost any more.
    calm: Arc<AtomicBool>,
    /// How many things of each kind were made.
    made: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    lost: Arc<AtomicUsize>,
    happened: Arc<AtomicBool>,
}

impl Round {
    /// One answer in a hundred is lost after the org has acted.
    fn start(org: &Org, seed: u64, happens: Happens) -> Self {
        let (victim, calm, made) = (Arc::<OnceLock<u32>>::default(), Arc::<AtomicBool>::default(), Arc::default());
        let (lost, happened) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let quiet = matches!(happens, Happens::Nothing);
        let all = (Arc::clone(&victim), Arc::clone(&calm), Arc::clone(&made), Arc::clone(&lost), Arc::clone(&happened));
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            let (victim, calm, made, lost, happened): &(_, _, Arc<Mutex<BTreeMap<_, _>>>, _, _) = &all;
            let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003) ^ call.number as u64);
            let now = matches!(happens, Happens::Kill(moment) if moment == call.number);
            let (early, reset) = (random.random_bool(0.5), random.random_bool(0.5));
            let kill = || {
                happened.store(true, Ordering::SeqCst);
                signal(*victim.wait(), "KILL");
            };
            if now && early {
                kill();
            }
            let answer = call.pass();
            if now && !early {
                kill();
            }
            let mut lose = !quiet && random.random_ratio(1, 100);
            if let Some(kind) = creates(call).filter(|_| (200..300).contains(&answer.status)) {
                let mut made = made.lock().expect("no panic");
                let count = made.entry(kind).or_insert(0);
                *count += 1;
                if matches!(happens, Happens::Lose(wanted, number) if wanted == kind && number == *count) {
                    happened.store(true, Ordering::SeqCst);
                    lose = true;
                }
            }
            if !lose || calm.load(Ordering::SeqCst) {
                return Fate::Answer(answer);
            }
            lost.fetch_add(1, Ordering::SeqCst);
            if reset { Fate::Reset } else { Fate::Close }
        });
        Self { gateway, victim, calm, made, lost, happened }
    }
}

/// Plays a round; gives a line about it, the number of its requests, and what it made.
fn play(
    part: &[&str],
    seed: u64,
    happens: Happens,
    wrong: &mut Wrong,
) -> (String, usize, BTreeMap<&'static str, usize>) {
    let (place, org) = (Place::new(), Org::start());
    let round = Round::start(&org, seed, happens);
    target(&place, &round.gateway.url, &ALL);
    let arguments = [part, &["--jobs", "8", "--events", "none"]].concat();
    let ran = run_to_be_killed(&place, &round.gateway, &arguments, &round.victim);
    round.calm.store(true, Ordering::SeqCst);
    let requests = round.gateway.requests().len();
    let (left, kept, lost) = (org.left(), ledgers(&place).len(), round.lost.load(Ordering::SeqCst));
    let swept = sweep(&place, &[]);
    let what = format!(
        "seed {seed}, {happens:?}, {requests} requests, {lost} answers lost: {}; {left} servers left; sweep: exit {}, {}",
        ran.line(),
        swept.code,
        swept.out.lines().last().unwrap_or_default()
    );
    let changes = org.changes();
    wrong.unless(changes.is_empty(), format!("{what}: not as at the start: {changes:?}"));
    wrong
        .unless(swept.code != 0 || ledgers(&place).is_empty(), format!("{what}: all is settled, and a ledger is kept"));
    wrong.unless(
        round.happened.load(Ordering::SeqCst) || matches!(happens, Happens::Nothing),
        format!("{what}: it did not happen"),
    );
    if ran.done.code >= 0 {
        // What is left is told, and no answer that was lost is held against the target.
        let told = ran.count("/leaked").unwrap_or(0) + ran.count("/may_be_left").unwrap_or(0);
        wrong.unless(left as u64 <= told, format!("{what}: {left} are left, {told} told"));
        wrong.unless(left == 0 || kept == 1, format!("{what}: {left} are left, {kept} ledgers kept"));
        wrong.unless(ran.count("/trials/failed") == Some(0), format!("{what}: red: {}", ran.json["red"]));
    }
    let made = round.made.lock().expect("no panic").clone();
    (what, requests, made)
}

#[expect(clippy::print_stderr, reason = "who looks for what went wrong needs the seeds")]
fn rounds(part: &[&str], seed: u64, kills: usize, losses: &[&'static str]) {
    let mut wrong = Wrong::default();
    let mut random = StdRng::seed_from_u64(seed);
    eprintln!("the seed of all rounds: {seed}");
    let mut round = |seed, happens| {
        let mut here = Wrong::default();
        let (line, requests, made) = play(part, seed, happens, &mut here);
        eprintln!("{line}\n{}", wrong.add(here));
        (requests, made)
    };
    let (requests, made) = round(seed, Happens::Nothing);
    assert!(CREATES.iter().all(|kind| made.contains_key(kind)), "the part makes something of each kind: {made:?}");
    // A run that loses answers sends fewer requests and makes fewer things, so that what is to happen happens early enough.
    let kills = (0..kills).map(|_| Happens::Kill(random.random_range(1..=requests * 3 / 4))).collect::<Vec<_>>();
    let losses = losses.iter().map(|kind| Happens::Lose(kind, random.random_range(1..=made[kind].div_ceil(2))));
    for happens in kills.into_iter().chain(losses.collect::<Vec<_>>()) {
        round(random.random(), happens);
    }
    wrong.end();
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn after_kills_and_lost_answers_a_sweep_makes_the_org_what_it_was() {
    rounds(&PART, 20, 2, &["authorizationServers", "policies"]);
}

#[test]
#[ignore = "takes half an hour"]
fn after_kills_and_lost_answers_anywhere_a_sweep_makes_the_org_what_it_was() {
    let count = usize::try_from(number("CHAOS_ROUNDS", 40)).expect("a count");
    let losses: Vec<&str> = CREATES.into_iter().cycle().take(count).collect();
    rounds(&[], number("CHAOS_SEED", 20), count, &losses);
}
