//! Pages in a real browser: Chromium by way of its driver, where both are installed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::{
    CapabilitiesHelper, ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver,
    common::print::PrintParameters,
};
use tokio::runtime::{Builder, Runtime};

use super::support::Place;

/// A browser without a window.
pub(crate) struct Browser {
    driver: WebDriver,
}

/// The driver as a process of its own; ended when this is dropped.
struct DriverProcess(Child);

impl Drop for DriverProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl DriverProcess {
    /// A driver with the port that it listens on; `None` where none is installed.
    fn start() -> Option<(Self, String)> {
        // It takes a free port of one kind of address and then wants the same of the other, which another test may have by then.
        for _ in 0..5 {
            let mut command = Command::new("chromedriver");
            let child = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
            let mut process = Self(child);
            let mut said = BufReader::new(process.0.stdout.take().expect("its output")).lines();
            let port =
                said.find_map(|line| Some(line.expect("text").split_once("successfully on port ")?.1.to_owned()));
            if let Some(port) = port {
                return Some((process, port.trim_end_matches('.').to_owned()));
            }
        }
        panic!("the driver finds no port");
    }
}

/// One browser for all tests that want it at the same time, one after the other: it takes longer to start than most of them. It ends with the
/// last of them.
struct Shared {
    browser: Mutex<Browser>,
    runtime: Runtime,
    _driver: DriverProcess,
    /// An empty page, of the origin of all files.
    blank: Place,
}

static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

impl Shared {
    /// None where no browser is installed.
    fn get() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let there = shared.upgrade().or_else(|| Self::start().map(Arc::new))?;
        *shared = Arc::downgrade(&there);
        Some(there)
    }

    fn start() -> Option<Self> {
        let (process, port) = DriverProcess::start()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities());
        let driver = runtime.block_on(driver).expect("a session");
        let blank = Place::new();
        blank.write("blank.html", "");
        Some(Self { browser: Mutex::new(Browser { driver }), runtime, _driver: process, blank })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let browser = self.browser.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Its process ends next, whatever it says to this.
        let _ = self.runtime.block_on(browser.driver.clone().quit());
    }
}

/// Runs a test in a browser; says so and does nothing where there is none.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
pub(crate) fn in_browser(test: impl AsyncFnOnce(&Browser)) {
    let Some(shared) = Shared::get() else {
        eprintln!("skipped: there is no chromedriver (on Debian: apt-get install chromium chromium-driver)");
        return;
    };
    // A test that failed leaves a browser that the next one can use.
    let browser = shared.browser.lock().unwrap_or_else(PoisonError::into_inner);
    shared.runtime.block_on(async {
        browser.begin(&shared.blank.path("blank.html")).await;
        test(&browser).await;
    });
}

fn capabilities() -> ChromeCapabilities {
    let mut wanted = DesiredCapabilities::chrome();
    // A container has neither the rights for a sandbox nor a graphics card, and only a page of ours is opened.
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] {
        wanted.add_arg(argument).expect("an argument");
    }
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    wanted.set("goog:loggingPrefs", logs).expect("a capability");
    wanted
}

impl Browser {
    /// Forgets what another test has set and seen.
    async fn begin(&self, blank: &Path) {
        self.set("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        self.set("Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.set("Emulation.setEmulatedMedia", json!({ "media": "", "features": [] })).await;
        self.open(blank, "").await;
        self.ask::<()>("localStorage.clear()").await;
        self.console().await;
        self.requests().await;
    }

    /// Opens a file from disk, and `#fragment` in it. Always a load of its own.
    pub(crate) async fn open(&self, path: &Path, fragment: &str) {
        self.driver.goto("about:blank").await.expect("a blank page");
        self.driver.goto(format!("file://{}{fragment}", path.display())).await.expect("the page");
    }

    /// What a function body returns in the page.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, script: &str) -> T {
        self.driver
            .execute(script, vec![])
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
            .convert()
            .expect("the type")
    }

    /// What the page wrote to the console, violations of its policy among it.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.driver.get_log("browser").await.expect("the log");
        log.into_iter().map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// The URLs that were asked for since the last time.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let log = self.driver.get_log("performance").await.expect("the log");
        let events = log.into_iter().map(|entry| serde_json::from_str::<Value>(&entry.message).expect("an event"));
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Speaks to the browser itself.
    pub(crate) async fn set(&self, method: &str, parameters: Value) {
        self.driver.cdp().send_raw(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"));
    }

    /// A screen of this size.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.set("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// A reader who likes it `light` or `dark`, on `screen` or in `print`.
    pub(crate) async fn prefer(&self, scheme: &str, media: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.set("Emulation.setEmulatedMedia", json!({ "media": media, "features": features })).await;
    }

    /// The page on paper, as PDF.
    pub(crate) async fn print(&self) -> Vec<u8> {
        self.driver.print_page(PrintParameters::default()).await.expect("a PDF")
    }
}
