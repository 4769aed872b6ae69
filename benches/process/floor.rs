//! The floor: the same requests in a plain loop of reqwest on one thread, with nothing read from the answers but the ID, and nothing checked.

use std::{env, error::Error};

use futures_util::{StreamExt, stream};
use reqwest::{Client, Method, header};
use serde_json::{Value, json};

/// Sends the six requests `cases` times, `jobs` of them at a time.
pub(crate) fn run(url: &str, cases: usize, jobs: usize) -> Result<(), Box<dyn Error>> {
    let token = env::var("OKTA_CLIENT_TOKEN")?;
    let mut headers = header::HeaderMap::new();
    headers.insert(header::AUTHORIZATION, header::HeaderValue::from_str(&format!("SSWS {token}"))?);
    headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    // Without certificates and a proxy, as the harness does for a local target: what remains is the client alone.
    let client = Client::builder()
        .default_headers(headers)
        .no_proxy()
        .tls_certs_only([])
        .tcp_nodelay(true)
        .user_agent("floor")
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut lives = stream::iter(0..cases).map(|number| life(&client, url, number)).buffer_unordered(jobs);
        while let Some(done) = lives.next().await {
            done?;
        }
        Ok(())
    })
}

async fn life(client: &Client, url: &str, number: usize) -> reqwest::Result<()> {
    let servers = format!("{url}/api/v1/authorizationServers");
    let name = format!("floor_{number:05}");
    let body = json!({ "name": name, "description": "Made by the floor", "audiences": ["api://default"] });
    let created = client.post(&servers).json(&body).send().await?.error_for_status()?.bytes().await?;
    let created: Value = serde_json::from_slice(&created).unwrap_or_default();
    let server = format!("{servers}/{}", created["id"].as_str().unwrap_or_default());
    send(client, Method::GET, &server, None).await?;
    let body = json!({
        "name": name, "description": "Changed by the floor", "audiences": ["api://changed"], "issuerMode": "ORG_URL"
    });
    send(client, Method::PUT, &server, Some(&body)).await?;
    send(client, Method::POST, &format!("{server}/lifecycle/deactivate"), None).await?;
    send(client, Method::DELETE, &server, None).await?;
    send(client, Method::GET, &server, None).await
}

async fn send(client: &Client, method: Method, url: &str, body: Option<&Value>) -> reqwest::Result<()> {
    let mut request = client.request(method.clone(), url);
    if let Some(body) = body {
        request = request.json(body);
    } else if method == Method::POST {
        request = request.header(header::CONTENT_LENGTH, 0);
    }
    request.send().await?.bytes().await.map(drop)
}
