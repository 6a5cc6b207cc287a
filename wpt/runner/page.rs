//! Runs a test's scripts in a window-like client, one after the other, as a browser runs those of a page.

use std::sync::OnceLock;

use anyhow::{Result, anyhow, ensure};
use landfall::{Client, ClientOptions, ClientScript, Error, Host};
use serde_json::Value;

use crate::html;
use crate::manifest::{Script, Test, scripts_of};
use crate::site::{REPORT, Site};

/// What a page has before its first script.
const PRELUDE: &str = include_str!("prelude.js");

/// The document that the prelude gives it, and a frame's.
const LIGHT_DOCUMENT: &str = include_str!("light_document.js");

/// What a frame runs: its document, and the scripts in it.
pub(crate) fn frame_script() -> String {
    format!(
        "(shown) => ({})(openFrame, '', shown)",
        LIGHT_DOCUMENT.trim()
    )
}

/// Opens the page of a test and runs its scripts; `opened` has the client as soon as there is one.
pub(crate) async fn load(
    test: &Test,
    site: &Site,
    host: &Host,
    settings: Value,
    opened: &OnceLock<Client>,
) -> Result<()> {
    let options = ClientOptions {
        url: site.address(&test.id)?,
        script: ClientScript::None,
    };
    let client = host.open_client(options).await?;
    let _ = opened.set(client.clone());
    let run = async |source: &str| client.eval(&format!("{source}\n;undefined")).await;
    let title = Value::from(test.title.clone());
    let (prelude, document) = (PRELUDE.trim(), LIGHT_DOCUMENT.trim());
    run(&format!("({prelude})({title}, {settings}, {document})")).await?;
    run(&text(site, &client, "/resources/testharness.js").await?).await?;
    run(REPORT).await?;
    run("landfallPage.harnessIsThere()").await?;
    for script in &scripts(test, site, &client).await? {
        let source = match script {
            Script::At(address) => &text(site, &client, address).await?,
            Script::Inline(text) => text,
        };
        // As in a browser: the page hears of it, and the next script runs.
        if let Err(Error::Script(thrown)) = run(source).await {
            let message = Value::from(thrown.message);
            run(&format!("reportError(new Error({message}))")).await?;
        }
    }
    run("landfallPage.scriptsHaveRun()").await?;
    Ok(())
}

/// The scripts of a test; those of a page with places that the server fills in come from there.
async fn scripts(test: &Test, site: &Site, client: &Client) -> Result<Vec<Script>> {
    let is_page = !test.path.ends_with(".js");
    if !is_page || !test.path.contains(".sub.") {
        return Ok(test.scripts.clone());
    }
    let page = html::read(&text(site, client, &test.path).await?);
    let page = page.map_err(|left_out| {
        anyhow!(
            "the page does not run here: it is one of those that {}",
            left_out.reason()
        )
    })?;
    Ok(scripts_of(&test.path, page.scripts))
}

/// Tells the harness of a page that the time is up.
pub(crate) async fn give_up(client: Client) {
    // A page that does not give way says nothing, and the runner goes on without.
    let _ = client.eval("self.timeout(); undefined").await;
}

/// The text of a script: from a file, or through the page from the server.
async fn text(site: &Site, client: &Client, address: &str) -> Result<String> {
    if let Some(text) = site.script(address) {
        return Ok(String::from_utf8_lossy(&text).into_owned());
    }
    let fetch = format!(
        "fetch({}).then(async (response) => [response.status, await response.text()])",
        Value::from(address)
    );
    let answer = client.eval(&fetch).await?;
    let status = &answer[0];
    ensure!(
        status == 200,
        "the script `{address}` is not there: {status}"
    );
    Ok(answer[1].as_str().unwrap_or_default().to_owned())
}
