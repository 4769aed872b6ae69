//! Pages in a real browser: Chromium by way of its driver, where both are installed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::{
    CapabilitiesHelper, ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver,
    common::print::PrintParameters,
};

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

/// Runs a test in a browser; says so and does nothing where there is none.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
pub(crate) fn in_browser(test: impl AsyncFnOnce(&Browser)) {
    let Some((_process, port)) = DriverProcess::start() else {
        eprintln!("skipped: there is no chromedriver (on Debian: apt-get install chromium chromium-driver)");
        return;
    };
    // A session that is dropped by a test that fails ends itself on another thread.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities()).await.expect("a session");
        let browser = Browser { driver };
        test(&browser).await;
        browser.driver.quit().await.expect("an end");
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
