//! The command line, through the binary and against real targets over TCP: what people read, what machines read, the exit codes.

#[path = "cli/ages.rs"]
mod ages;
#[path = "cli/begun.rs"]
mod begun;
#[path = "cli/bounds.rs"]
mod bounds;
#[path = "cli/browser.rs"]
mod browser;
#[path = "cli/budget.rs"]
mod budget;
#[path = "cli/cassettes.rs"]
mod cassettes;
#[path = "cli/causes.rs"]
mod causes;
#[path = "cli/chaos.rs"]
mod chaos;
#[path = "cli/connections.rs"]
mod connections;
#[path = "cli/contributing.rs"]
mod contributing;
#[path = "cli/coverage.rs"]
mod coverage;
#[path = "cli/detection.rs"]
mod detection;
#[path = "cli/diffs.rs"]
mod diffs;
#[path = "cli/distrust.rs"]
mod distrust;
#[path = "cli/dumb.rs"]
mod dumb;
#[path = "cli/engine.rs"]
mod engine;
#[path = "cli/environment.rs"]
mod environment;
#[path = "cli/examples.rs"]
mod examples;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/foreign_ledgers.rs"]
mod foreign_ledgers;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/full_disk.rs"]
mod full_disk;
#[path = "cli/gates.rs"]
mod gates;
#[path = "cli/gateway.rs"]
mod gateway;
#[path = "cli/green.rs"]
mod green;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/html.rs"]
mod html;
#[path = "cli/infrastructure.rs"]
mod infrastructure;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/kills.rs"]
mod kills;
#[path = "cli/kinds.rs"]
mod kinds;
#[path = "cli/known.rs"]
mod known;
#[path = "cli/large.rs"]
mod large;
#[path = "cli/ledgers.rs"]
mod ledgers;
#[path = "cli/limits.rs"]
mod limits;
#[path = "cli/lost.rs"]
mod lost;
#[path = "cli/matchers.rs"]
mod matchers;
#[path = "cli/mistakes.rs"]
mod mistakes;
#[path = "cli/near_names.rs"]
mod near_names;
#[path = "cli/offline.rs"]
mod offline;
#[path = "cli/org.rs"]
mod org;
#[path = "cli/parity.rs"]
mod parity;
#[path = "cli/patience.rs"]
mod patience;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/preflight.rs"]
mod preflight;
#[path = "cli/printed.rs"]
mod printed;
#[path = "cli/protected.rs"]
mod protected;
#[path = "cli/rechecks.rs"]
mod rechecks;
#[path = "cli/recordings.rs"]
mod recordings;
#[path = "cli/red.rs"]
mod red;
#[path = "cli/removed.rs"]
mod removed;
#[path = "cli/replays.rs"]
mod replays;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/reruns.rs"]
mod reruns;
#[path = "cli/restored.rs"]
mod restored;
#[path = "cli/retries.rs"]
mod retries;
#[path = "cli/score.rs"]
mod score;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/server.rs"]
mod server;
#[path = "cli/serving.rs"]
mod serving;
#[path = "cli/shards.rs"]
mod shards;
#[path = "cli/shifts.rs"]
mod shifts;
#[path = "cli/snapshots.rs"]
mod snapshots;
#[path = "cli/stopping.rs"]
mod stopping;
#[path = "cli/strangers.rs"]
mod strangers;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/tables.rs"]
mod tables;
#[path = "cli/token_errors.rs"]
mod token_errors;
#[path = "cli/trends.rs"]
mod trends;
#[path = "cli/trust.rs"]
mod trust;
#[path = "cli/upsert.rs"]
mod upsert;
#[path = "cli/warned.rs"]
mod warned;
#[path = "cli/writes.rs"]
mod writes;
#[path = "cli/years.rs"]
mod years;
