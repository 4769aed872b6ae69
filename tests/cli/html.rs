//! The HTML report, in a browser: it opens from disk in silence, can be filtered and linked to, and nothing that a target sent is obeyed.

use std::path::PathBuf;

use super::{
    browser::{Browser, in_browser},
    support::{Place, data},
};

/// Opens everything that is folded up, so that a test sees all of the page.
const UNFOLD: &str = "for (const details of document.querySelectorAll('details')) details.open = true;";

/// The trials that are seen: those among the causes, and those of the list.
const SEEN: &str = "
    const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => !one.closest('[hidden]'));
    const found = seen('#causes li[data-trial]').map((one) => one.dataset.trial);
    const listed = seen('#list .line > summary .mono, #list div.line .mono').map((one) => one.textContent);
    return [found.sort(), listed.sort()];
";

/// The report of a stored stream.
fn report(stream: &str) -> (Place, PathBuf) {
    let place = Place::new();
    let stream = data(&format!("streams/{stream}.jsonl")).display().to_string();
    let done = place.run(&["report", &stream, "--report", "html=report.html"]);
    assert_eq!(done.err, "");
    let path = place.path("report.html");
    (place, path)
}

async fn seen(browser: &Browser) -> (Vec<String>, Vec<String>) {
    browser.ask(SEEN).await
}

/// Writes into a control of the filters and tells the page.
async fn choose(browser: &Browser, id: &str, value: &str) {
    let script = format!(
        "const control = document.getElementById('{id}'); control.value = '{value}';
         control.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    );
    browser.ask::<()>(&script).await;
}

#[test]
fn it_opens_from_disk_in_silence() {
    in_browser(async |browser| {
        for (stream, verdict) in [
            ("every", "Not conformant"),
            ("green", "Conformant"),
            ("interrupted", "Interrupted"),
            ("empty", "Nothing ran"),
            ("hostile", "Not conformant"),
        ] {
            let (_place, path) = report(stream);
            browser.requests().await;
            browser.open(&path, "").await;
            browser.ask::<()>(UNFOLD).await;
            let title: String = browser.ask("return document.querySelector('h1').lastChild.textContent").await;
            assert_eq!(title, verdict, "{stream}");
            assert_eq!(browser.console().await, [""; 0], "{stream}: nothing is refused, nothing fails");
            let requests = browser.requests().await;
            let foreign: Vec<&String> = requests.iter().filter(|url| !url.starts_with("data:")).collect();
            assert_eq!(foreign, [&format!("file://{}", path.display())], "{stream}: itself alone");
        }
    });
}

#[test]
fn the_first_screen_says_what_changed_since_the_baseline() {
    in_browser(async |browser| {
        let place = Place::new();
        let every = std::fs::read_to_string(data("streams/every.jsonl")).expect("a stream");
        // The older run: one trial was fine that fails now, and one failed that is fine.
        let mut older = String::new();
        for line in every.lines() {
            let broken = line.contains("trial-finished") && line.contains("keeps-its-description[long]");
            let fixed = line.contains("trial-finished") && line.contains("\"things/values/created-and-read\"");
            let line = match (broken, fixed) {
                (true, _) => line.replace("\"outcome\":\"failed\"", "\"outcome\":\"passed\""),
                (_, true) => line.replace("\"outcome\":\"passed\"", "\"outcome\":\"failed\""),
                _ => line.to_owned(),
            };
            older.push_str(&line);
            older.push('\n');
        }
        place.write("older.jsonl", &older);
        place.write("newer.jsonl", &every);
        let done = place.run(&["report", "newer.jsonl", "--baseline", "older.jsonl", "--report", "html=report.html"]);
        assert_eq!((done.code, done.err.as_str()), (1, ""));
        browser.open(&place.path("report.html"), "").await;
        let script = "
            const kinds = [...document.querySelectorAll('.since details')].map((one) => [
                one.querySelector('.tag b').textContent, one.open, [...one.querySelectorAll('a')].map((link) => link.textContent)]);
            return [document.querySelector('.since .tag').textContent, kinds];
        ";
        let (course, kinds): (String, Vec<(String, bool, Vec<String>)>) = browser.ask(script).await;
        let change = |kind: &str, open, trial: &str| (kind.to_owned(), open, vec![trial.to_owned()]);
        assert_eq!(course, "worse");
        assert_eq!(
            kinds,
            [
                change("broken", true, "things/values/keeps-its-description[long]"),
                change("fixed", false, "things/values/created-and-read")
            ]
        );
    });
}

#[test]
fn the_policy_refuses_what_the_page_did_not_bring() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        browser.open(&path, "").await;
        let script = "
            const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';
            const script = document.createElement('script');
            let made;
            try { script.textContent = 'window.obeyed = true'; document.body.append(script); } catch (error) { made = error.name; }
            let markup;
            try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); } catch (error) { markup = error.name; }
            return [window.obeyed === undefined, made, markup];
        ";
        let refused: (bool, String, String) = browser.ask(script).await;
        assert_eq!(refused, (true, "TypeError".to_owned(), "TypeError".to_owned()));
        assert!(browser.console().await.iter().any(|line| line.contains("img-src")), "the image was refused");
    });
}

#[test]
fn filters_choose_among_causes_and_trials_alike() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        browser.open(&path, "").await;
        let (found, listed) = seen(browser).await;
        assert_eq!(
            (found.len(), listed.len()),
            (16, 20),
            "all but what is plainly passed or does not apply has a cause"
        );
        browser.ask::<()>("document.querySelector('#outcomes button[value=\"3\"]').click()").await;
        assert_eq!(
            seen(browser).await,
            (vec!["things/values/settles".to_owned()], vec!["things/values/settles".to_owned()])
        );
        let said: String = browser.ask("return document.getElementById('matching').value").await;
        assert_eq!(said, "1 of 20 trials, in 1 cause");
        let pressed: String =
            browser.ask("return document.querySelector('#outcomes button[value=\"3\"]').ariaPressed").await;
        assert_eq!(pressed, "true");
        browser.ask::<()>("document.getElementById('everything').click()").await;
        choose(browser, "operation", "listPolicies").await;
        assert_eq!(seen(browser).await.1, ["policies/list/all", "policies/read/all", "policies/sort/all"]);
        choose(browser, "operation", "").await;
        choose(browser, "level", "2").await;
        assert_eq!(seen(browser).await.1, ["things/values/rounded"]);
        choose(browser, "level", "1").await;
        assert_eq!(seen(browser).await.1, ["things/values/created-and-read"]);
        choose(browser, "level", "").await;
        choose(browser, "principal", "reader").await;
        assert_eq!(seen(browser).await.1, ["things/values/status-of-a-missing-thing@reader"]);
        choose(browser, "principal", "").await;
        choose(browser, "search", "KEEPS description").await;
        assert_eq!(seen(browser).await.1, ["things/values/keeps-its-description[long]"]);
        choose(browser, "search", "nowhere to be found").await;
        assert_eq!(seen(browser).await, (vec![], vec![]));
        choose(browser, "search", "").await;
        choose(browser, "profile", "core").await;
        assert_eq!(seen(browser).await.1.len(), 20);
    });
}

#[test]
fn a_link_opens_its_trial() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        // The first has its details among the causes, the second stands in the list alone.
        for id in ["things/values/keeps-its-description[long]", "things/values/created-and-read"] {
            browser.open(&path, &format!("#{id}")).await;
            let script = format!(
                "const trial = document.getElementById('{id}').closest('details');
                 const place = trial.getBoundingClientRect();
                 return [trial.open, place.top >= 0 && place.top < innerHeight, document.querySelectorAll('.arrived').length];"
            );
            let opened: (bool, bool, usize) = browser.ask(&script).await;
            assert_eq!(opened, (true, true, 1), "{id}");
        }
        // Also from another place, and where the filters had hidden it.
        choose(browser, "operation", "listPolicies").await;
        let script = "return new Promise((done) => {
            addEventListener('hashchange', () => setTimeout(() => {
                const trial = document.getElementById('things/values/settles').closest('details');
                done([trial.open, trial.closest('[hidden]') === null]);
            }));
            location.hash = '#things/values/settles';
        })";
        assert_eq!(browser.ask::<(bool, bool)>(script).await, (true, true));
    });
}

#[test]
fn what_a_target_sends_is_inert_and_can_be_seen() {
    in_browser(async |browser| {
        let (_place, path) = report("hostile");
        browser.open(&path, "").await;
        browser.ask::<()>(UNFOLD).await;
        let script = "
            const own = document.querySelectorAll('script').length;
            const foreign = document.querySelectorAll('img, iframe, object, embed, testcase, failure, base, video').length;
            const handlers = [...document.querySelectorAll('*')].filter((one) => one.getAttributeNames().some((name) => name.startsWith('on'))).length;
            const links = [...document.querySelectorAll('a')].filter((one) => !one.getAttribute('href').startsWith('#')).length;
            return [own, foreign, handlers, links];
        ";
        assert_eq!(browser.ask::<[usize; 4]>(script).await, [2, 0, 0, 0], "the data and the page's own script");
        let text: String = browser.ask("return document.body.textContent").await;
        for shown in
            ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\\u{1b}[31m", "\\u{202e}", "\\u{0}", "<!--"]
        {
            assert!(text.contains(shown), "{shown} can be read");
        }
        let obeyed =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200e}' | '\u{200f}');
        assert_eq!(text.chars().find(|c| obeyed(*c)), None);
        let title: String = browser.ask("return document.title").await;
        assert!(title.starts_with("not conformant: \\u{1b}[31mred"), "{title}");
    });
}

/// Elements that are wider than the screen, with the screen.
pub(crate) const TOO_WIDE: &str = "
    const wide = document.documentElement.scrollWidth;
    const over = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
        && !one.parentElement.closest('.scroll, pre, svg, .total'));
    return [wide - innerWidth, over.slice(0, 3).map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)];
";

#[test]
fn it_fits_a_phone() {
    in_browser(async |browser| {
        for stream in ["every", "hostile"] {
            let (_place, path) = report(stream);
            browser.resize(360, 740).await;
            browser.open(&path, "").await;
            browser.ask::<()>(UNFOLD).await;
            let (over, elements): (i64, Vec<String>) = browser.ask(TOO_WIDE).await;
            assert_eq!((over, elements.as_slice()), (0, &[][..]), "{stream}");
        }
    });
}

/// The least contrast of a text with what is behind it (WCAG 2, 1.4.3), and where it is.
pub(crate) const CONTRAST: &str = "
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const channels = (color) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (color) => {
        const [r, g, b] = color.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (one) => {
        for (; one; one = one.parentElement) {
            const color = channels(getComputedStyle(one).backgroundColor);
            if (color[3] === 255) return color;
        }
        return channels('Canvas');
    };
    let [least, where] = [21, ''];
    for (const one of document.querySelectorAll('body *')) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !one.checkVisibility() || one.closest('svg')) continue;
        const [a, b] = [light(channels(getComputedStyle(one).color)), light(behind(one))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < least) [least, where] = [contrast, `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`];
    }
    return [least, where, channels(getComputedStyle(document.body).backgroundColor)[0]];
";

#[test]
fn it_can_be_read_in_light_and_in_dark() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        for (scheme, bright) in [("light", true), ("dark", false)] {
            browser.prefer(scheme, "screen").await;
            browser.open(&path, "").await;
            browser.ask::<()>(UNFOLD).await;
            let (least, place, background): (f64, String, u8) = browser.ask(CONTRAST).await;
            assert!(least >= 4.5, "{scheme}: {least:.2} at {place}");
            assert_eq!(background > 128, bright, "{scheme}");
        }
        // The reader's own choice goes before the system's.
        browser.ask::<()>("document.getElementById('theme').click()").await;
        let (_, _, background): (f64, String, u8) = browser.ask(CONTRAST).await;
        assert!(background > 128, "light, though the system is dark");
    });
}

#[test]
fn it_can_be_put_on_paper() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        browser.open(&path, "").await;
        let pdf = browser.print().await;
        assert!(pdf.starts_with(b"%PDF-"));
        let folded: usize = browser.ask("return document.querySelectorAll('.fold:not([open])').length").await;
        assert!(folded > 0, "what printing unfolded is folded again");
        browser.prefer("dark", "print").await;
        browser.ask::<()>("dispatchEvent(new Event('beforeprint'))").await;
        let script = "
            const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility()).length;
            return [shown('nav, #filters, #list .line, button'), shown('.cause') - shown('.fold[open]'), shown('.versus') > 0,
                document.documentElement.scrollWidth <= innerWidth];
        ";
        let paper: (usize, usize, bool, bool) = browser.ask(script).await;
        assert_eq!(paper, (0, 0, true, true), "nothing to press, and no cause is folded up");
    });
}

#[test]
fn causes_need_no_script() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        browser.set("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true })).await;
        browser.open(&path, "#things/values/settles").await;
        browser.set("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": false })).await;
        let script = "
            const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility()).length;
            return [shown('.cause'), shown('#filters, #trials, .copy, #theme'), shown('noscript'), document.getElementById('things/values/settles').closest('details').open];
        ";
        let plain: (usize, usize, usize, bool) = browser.ask(script).await;
        assert_eq!(plain, (14, 0, 1, true), "the link unfolds its trial all the same");
    });
}

#[test]
fn it_can_be_read_without_eyes_and_without_a_mouse() {
    in_browser(async |browser| {
        let (_place, path) = report("every");
        browser.open(&path, "").await;
        browser.ask::<()>(UNFOLD).await;
        let script = "
            const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1]));
            const skipped = levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1).length;
            const named = (one) => one.ariaLabel || one.textContent.trim() || document.querySelector(`label[for=${one.id}]`);
            const unnamed = [...document.querySelectorAll('button, input, select, a, [role=region], nav, section')]
                .filter((one) => !named(one) && !one.getAttribute('aria-labelledby')).map((one) => one.outerHTML.slice(0, 80));
            const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
            const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
            const broken = [...document.querySelectorAll('a[href^=\"#\"]')].map((one) => decodeURIComponent(one.hash.slice(1)))
                .filter((id) => !document.getElementById(id));
            const scrolled = [...document.querySelectorAll('.scroll, pre')].filter((one) => one.tabIndex < 0).length;
            return [levels.filter((level) => level === 1).length, skipped, unnamed, twice, broken, scrolled,
                document.querySelectorAll('main, header, nav, footer').length];
        ";
        let (titles, skipped, unnamed, twice, broken, scrolled, landmarks): (
            usize,
            usize,
            Vec<String>,
            Vec<String>,
            Vec<String>,
            usize,
            usize,
        ) = browser.ask(script).await;
        assert_eq!((titles, skipped, scrolled, landmarks), (1, 0, 0, 4));
        assert_eq!((unnamed, twice, broken), (vec![], vec![], vec![]));
    });
}
